//! Outbound webhooks inside your service.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod env;
pub mod error;
pub mod event;
pub mod sign;
pub mod transport;

pub use error::{Error, ErrorKind};

//! The guard: which URLs and addresses webhooks may go to.

mod classify;
mod host;
mod policy;
mod url;

pub(crate) use self::policy::Ports;
pub use self::{classify::is_public, policy::NetworkPolicy, url::parse_url};

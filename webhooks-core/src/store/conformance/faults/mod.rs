//! Calls that fail, or whose answer is lost, and are made again.

mod again;
mod any;
mod owning;
mod support;
mod traffic;

pub use self::{again::*, any::*, owning::*, traffic::*};

//! What the integration tests share: a scriptable receiver on raw sockets, since receivers must be
//! able to speak garbage.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod receiver;
mod reply;

pub use self::{
    receiver::{Received, Receiver},
    reply::Reply,
};

//! What the integration tests share: a scriptable receiver on raw sockets, since receivers must be
//! able to speak garbage; a store that is held up or fails as a test wants; PostgreSQL, and what may go
//! wrong with it; and the rules that what happened is checked by.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod gate;
pub mod history;
pub mod postgres;
mod receiver;
mod reply;
mod store;

pub use self::{
    gate::Gate,
    receiver::{Received, Receiver},
    reply::Reply,
    store::TestStore,
};

/// How long a test waits for what should happen.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

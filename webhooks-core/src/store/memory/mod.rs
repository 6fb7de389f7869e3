//! A store in memory: for tests, and for services that accept losing the queue with the process.
//!
//! - It is bounded by [`MemoryLimits`]: nothing grows for ever, nothing is dropped silently.
//! - Clones share everything, so that several nodes of a test can stand on one store.
//! - One lock around plain synchronous state: each method does its work at its first poll.
//!
//! ```
//! use webhooks_core::store::{MemoryLimits, MemoryStore, Store as _};
//!
//! let store = MemoryStore::with_limits(MemoryLimits::default().pending(1_000));
//! assert!(!store.is_persistent());
//! ```

mod again;
mod append;
mod change;
mod counters;
mod emitters;
mod idempotency;
mod lease;
mod limits;
mod list;
mod load;
mod log;
mod nodes;
mod queue;
mod row;
mod settle;
mod state;
mod store;
#[cfg(test)]
mod tests;

pub use self::{limits::MemoryLimits, store::MemoryStore};

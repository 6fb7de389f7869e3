//! A store that fails as a test wants it to.
//!
//! - Each call is refused before it is done, done and then answered with an error, or comes late: what
//!   a network and a database do.
//! - Which calls are struck is said beforehand, by their number or by a seed. Nothing else is left to
//!   chance.
//! - The errors are of kind [`Store`](crate::ErrorKind::Store): they may be retried.
//!
//! ```
//! use webhooks_core::store::{MemoryStore, Store as _, conformance::{Fault, FaultStore}};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let store = FaultStore::new(MemoryStore::new());
//! store.strike_nth(2, Fault::Refused);
//! assert!(store.version().await.is_ok());
//! assert!(store.version().await.unwrap_err().is_retryable());
//! assert_eq!((store.calls(), store.fired()), (2, 1));
//! # }
//! ```

mod operation;
mod script;
mod store;
#[cfg(test)]
mod tests;

pub use self::{operation::Operation, script::Fault, store::FaultStore};

//! The suite that every store passes.
//!
//! - A [`StoreFactory`] makes empty stores; an async closure is one.
//! - [`conformance_tests!`](crate::conformance_tests) makes one `#[tokio::test]` of each case, under
//!   the case's name; [`run`] runs all of them and names those that failed.
//! - Time is handed in. No case pauses tokio's clock, so that stores with threads of their own can be
//!   tested, and none waits for time to pass where a store goes by `now`.
//! - Random histories are compared with a [`ModelStore`], answer by answer; one that differs says how
//!   to replay it. `WEBHOOKS_CONFORMANCE_SEED=n` runs that one, `WEBHOOKS_CONFORMANCE_SEEDS=k` runs
//!   `k` of them.
//! - How much a store keeps is its own affair; the cases append some hundreds of messages at most.
//!
//! ```
//! use std::sync::Arc;
//! use webhooks_core::store::{MemoryStore, Store, conformance};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! conformance::run(|| async { Arc::new(MemoryStore::new()) as Arc<dyn Store> }).await;
//! # }
//! ```

#![allow(
    clippy::unwrap_used,
    reason = "these are tests: what fails is to be seen where it fails"
)]

pub(in crate::store) mod chance;
mod factory;
mod macros;
mod suite;
pub(in crate::store) mod traffic;
pub(in crate::store) mod world;

#[doc(hidden)]
pub mod append;
#[doc(hidden)]
pub mod changes;
#[doc(hidden)]
pub mod concurrency;
#[doc(hidden)]
pub mod cursors;
#[doc(hidden)]
pub mod discard;
#[doc(hidden)]
pub mod emitters;
#[doc(hidden)]
pub mod faults;
#[doc(hidden)]
pub mod fencing;
#[doc(hidden)]
pub mod generations;
#[doc(hidden)]
pub mod histories;
#[doc(hidden)]
pub mod idempotency;
#[doc(hidden)]
pub mod leases;
#[doc(hidden)]
pub mod order;
#[doc(hidden)]
pub mod pause;
#[doc(hidden)]
pub mod redelivery;
#[doc(hidden)]
pub mod replay;
#[doc(hidden)]
pub mod retention;
#[doc(hidden)]
pub mod retry;
#[doc(hidden)]
pub mod settle;
#[doc(hidden)]
pub mod stats;

#[doc(hidden)]
pub use self::world::World;
pub use self::{
    chance::Chance,
    factory::{FactoryFuture, StoreFactory},
    suite::run,
};
#[cfg(feature = "sqlite")]
pub use super::sqlite::inline::{Crash, InlineSqlite, Synchronous};
pub use super::{
    fault::{Fault, FaultStore, Operation},
    model::{Model, ModelStore, ModelTransaction},
};

//! A store that is obviously right: what every other one is compared with.
//!
//! - Plain maps and loops: nothing is indexed, nothing is bounded, everything is looked for from the
//!   beginning.
//! - [`Model`] is plain synchronous state with a method for each of the trait's, so that a simulator
//!   decides itself when a write is committed; a clone is a snapshot.
//! - [`ModelStore`] is the [`Store`](crate::store::Store) over it, [`ModelTransaction`] what an application
//!   would have open in its database.
//!
//! ```
//! use webhooks_core::store::{Store as _, conformance::ModelStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), webhooks_core::Error> {
//! let store = ModelStore::new();
//! assert!(store.emitters().await?.emitters.is_empty());
//! assert_eq!(store.with(|model| model.version()), 0);
//! # Ok(())
//! # }
//! ```

mod again;
mod append;
mod change;
mod emitters;
mod lease;
mod list;
mod load;
mod settle;
mod state;
mod stats;
mod store;
mod transaction;

pub use self::{state::Model, store::ModelStore, transaction::ModelTransaction};

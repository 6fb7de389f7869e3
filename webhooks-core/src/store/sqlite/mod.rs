//! A store in one SQLite file: durable webhooks on one machine, with no server.
//!
//! - What is acknowledged is on the disk: WAL, `synchronous=FULL`. Calls that arrive together share
//!   one commit.
//! - Several processes may share a file: leases decide who delivers, and a process that was killed is
//!   known to be dead by the lock that it held.
//! - Signing keys and header values are sealed with a key that lies in `<database>.key`, unless the
//!   options name another.
//! - Tables have a prefix, so that they can live in the application's own database; then events can
//!   be emitted in the application's transactions.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use webhooks_core::{Webhooks, store::{SqliteStore, Store as _}};
//!
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("webhooks.db");
//! let store = SqliteStore::open(&path).await?;
//! assert!(store.is_persistent());
//! let webhooks = Webhooks::builder().store(store).build().await?;
//! # drop(webhooks);
//! # Ok(())
//! # }
//! ```

mod columns;
mod connect;
mod executor;
mod failure;
mod files;
mod in_transaction;
#[cfg(any(test, feature = "conformance"))]
pub(in crate::store) mod inline;
mod job;
mod loading;
mod locks;
mod meta;
mod migrations;
mod open;
mod ops;
mod options;
mod readers;
mod secrets;
mod session;
mod sql;
mod store;
#[cfg(test)]
mod tests;
mod tx;
mod upkeep;
mod writer;

use super::rows;

pub(crate) use self::in_transaction::require_transaction;
/// The version of rusqlite whose connections `emit_in_sqlite` takes.
pub use rusqlite;

pub use self::{options::SqliteOptions, store::SqliteStore};
pub use super::Migration;

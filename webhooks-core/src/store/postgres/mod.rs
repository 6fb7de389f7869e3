//! A store in PostgreSQL (13 and newer): one queue for many machines.
//!
//! - Any node emits, one node delivers each emitter, and the order holds across machines. What a node that
//!   died was about goes on elsewhere within 15 s.
//! - What is acknowledged is committed, with `synchronous_commit`. Calls that arrive together share a
//!   statement.
//! - Events can be emitted in transactions of the application's, in the same database.
//! - A database that is away is waited out: calls fail with an error that may be retried, what is in flight
//!   is finished and written down later.
//! - Signing keys and header values are sealed with a key that every node is given.
//! - All tables are in a schema of their own, `webhooks` unless the options say otherwise.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use webhooks_core::{Webhooks, store::{PostgresStore, SecretsKey}};
//!
//! let key = SecretsKey::from_file("webhooks.key")?;
//! let store = PostgresStore::connect("postgres://db.example/shop", key).await?;
//! let webhooks = Webhooks::builder().store(store).build().await?;
//! # drop(webhooks);
//! # Ok(())
//! # }
//! ```

mod appender;
mod calls;
mod columns;
mod failure;
mod in_transaction;
mod migrations;
mod open;
mod ops;
mod options;
mod runner;
mod signals;
mod sql;
mod store;
mod tally;
mod tasks;
mod tx;
mod unheard;
mod upkeep;

/// The version of sqlx whose connections and transactions events are emitted in.
pub use sqlx;

use super::rows;

pub use self::{options::PostgresOptions, store::PostgresStore};
pub use super::Migration;

//! The store in an SQLite file without threads, to be simulated.
//!
//! - The statements, transactions and tables are [`SqliteStore`](crate::store::SqliteStore)'s, on one
//!   connection. A call does all its work when it is first polled, each of its parts in a transaction of
//!   its own: nothing goes on while tokio's clock stands still.
//! - Several stores on one file are several processes. A transaction of the application's that holds the
//!   database is not waited for, since no time passes within a call: it is
//!   [`Busy`](crate::ErrorKind::Busy).
//! - What others wrote is looked for every 20 ms of tokio's time unless it is told otherwise, and what was counted is added up
//!   every second of it, while somebody waits for changes.
//! - A process that is killed is simulated: right before a commit, right after one whose answer is lost,
//!   or between calls. The file and its WAL stay as they are then; the store is gone, and each call fails.
//!
//! ```
//! use webhooks_core::store::{Store as _, sqlite::SqliteOptions};
//! use webhooks_core::store::conformance::{InlineSqlite, Synchronous};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("webhooks.db");
//! let one = InlineSqlite::open(SqliteOptions::new(&path), Synchronous::Off)?;
//! let other = InlineSqlite::open(SqliteOptions::new(&path), Synchronous::Off)?;
//! one.crash();
//! assert!(one.version().await.is_err());
//! assert_eq!(other.version().await?, 0);
//! # Ok(())
//! # }
//! ```

mod crash;
mod executor;
mod store;
mod synchronous;
#[cfg(test)]
mod tests;

pub use self::{crash::Crash, store::InlineSqlite, synchronous::Synchronous};

//! A store in PostgreSQL: one queue for many machines.

mod failure;
mod ops;
mod rows;
mod signals;
mod sql;
mod store;
mod tally;
mod tx;

pub use self::store::PostgresStore;

//! The handle.

/// A store in PostgreSQL.
pub struct PostgresStore;

//! The tables, as numbered steps that are never changed once they are released.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::{failure::from_sqlite, sql::with_prefix};
use crate::{
    Error,
    env::Timestamp,
    store::migration::{self, Migration},
};

/// All steps, for those who run migrations with a tool of their own.
pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    name: "initial",
    sql: include_str!("migrations/0001_initial.sql"),
}];

/// The number of the last step that was run on this database; 0 for none.
pub(super) fn version(connection: &Connection, prefix: &str) -> Result<u32, Error> {
    let table = with_prefix("webhooks_migrations", prefix);
    let exists: bool = connection
        .query_row(
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)",
            [&table],
            |row| row.get(0),
        )
        .map_err(from_sqlite)?;
    if !exists {
        return Ok(0);
    }
    let sql = format!("SELECT max(number) FROM {table}");
    let number: Option<u32> = connection
        .query_row(&sql, [], |row| row.get(0))
        .optional()
        .map_err(from_sqlite)?
        .flatten();
    Ok(number.unwrap_or(0))
}

/// The steps that are still to be run.
///
/// # Errors
/// [`Store`](ErrorKind::Store) if the tables are of a later version of this library.
pub(super) fn pending(
    connection: &Connection,
    prefix: &str,
) -> Result<&'static [Migration], Error> {
    migration::pending(MIGRATIONS, version(connection, prefix)?)
}

/// Runs the steps that are still to be run, all or none; returns them. Others wait meanwhile.
pub(super) fn run(
    connection: &mut Connection,
    prefix: &str,
    now: Timestamp,
) -> Result<&'static [Migration], Error> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(from_sqlite)?;
    let migrations = pending(&transaction, prefix)?;
    if migrations.is_empty() {
        return Ok(migrations);
    }
    let note = with_prefix(
        "UPDATE webhooks_migrations SET applied_at = ?2 WHERE number = ?1",
        prefix,
    );
    for Migration { number, sql, .. } in migrations {
        transaction
            .execute_batch(&with_prefix(sql, prefix))
            .map_err(from_sqlite)?;
        transaction
            .execute(&note, params![number, now.as_micros()])
            .map_err(from_sqlite)?;
    }
    transaction.commit().map_err(from_sqlite)?;
    Ok(migrations)
}

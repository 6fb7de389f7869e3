//! What is noted of a database as a whole.

use rusqlite::{Connection, params};

use super::{failure::from_sqlite, sql::Sql};
use crate::Error;

/// Which secrets key a database was made with.
pub(super) const KEY_ID: &str = "secrets_key_id";
/// What tells one database from another.
pub(super) const STORE_ID: &str = "store_id";

/// Notes a value under a name that has none; returns the one that is noted.
pub(super) fn note(
    connection: &Connection,
    sql: &Sql,
    name: &str,
    value: &str,
) -> Result<String, Error> {
    let noted = || -> rusqlite::Result<String> {
        connection.execute(&sql.put_meta, params![name, value])?;
        connection.query_row(&sql.get_meta, [name], |row| row.get(0))
    };
    noted().map_err(from_sqlite)
}

//! Appending inside a transaction of the application's.

use rusqlite::{Connection, Error as SqliteError, ErrorCode};

use super::{
    SqliteStore,
    failure::{Failure, from_sqlite},
    ops,
    tx::{Memo, Tx},
};
use crate::{
    Error, ErrorKind, observe,
    store::{Append, Appended},
};

const SAVEPOINT: &str = "SAVEPOINT webhooks_emit_in";
const RELEASE: &str = "RELEASE webhooks_emit_in";
const ROLL_BACK: &str = "ROLLBACK TO webhooks_emit_in";

/// Refuses a connection without a transaction, where an event would be stored at once.
pub(crate) fn require_transaction(connection: &Connection) -> Result<(), Error> {
    if connection.is_autocommit() {
        return Err(Error::new(
            ErrorKind::NoTransaction,
            "no transaction is open on the connection: begin one (`BEGIN IMMEDIATE`), so that the event commits with your data",
        ));
    }
    Ok(())
}

impl SqliteStore {
    /// Appends inside the transaction that is open on `connection`: what it stores is there if and only
    /// if that commits. All or nothing; what the application did before stays as it is.
    pub(crate) fn append_in(
        &self,
        connection: &Connection,
        batch: &Append,
    ) -> Result<Vec<Appended>, Error> {
        execute(connection, SAVEPOINT).map_err(from_sqlite)?;
        let appended = self.append_within(connection, batch);
        if appended.is_ok() {
            execute(connection, RELEASE).map_err(from_sqlite)?;
        } else if !connection.is_autocommit() {
            // A full disk, for one, ends the whole transaction, and the savepoint with it.
            let undone = execute(connection, ROLL_BACK).and_then(|()| execute(connection, RELEASE));
            if let Err(error) = undone {
                tracing::error!(target: observe::STORE, %error, "a part of a transaction cannot be rolled back");
            }
        }
        appended
    }

    fn append_within(
        &self,
        connection: &Connection,
        batch: &Append,
    ) -> Result<Vec<Appended>, Error> {
        let context = &self.inner.context;
        // Before anything is read: a transaction that has read does not wait for others that write.
        execute(connection, &context.sql.take_turn).map_err(|error| self.not_here(error))?;
        self.check_database(connection)?;
        let mut memo = Memo::default();
        let mut tx = Tx::new(connection, context, &mut memo);
        ops::append(&mut tx, batch)
            .and_then(|appended| tx.finish().map(|()| appended))
            .map_err(Failure::into_error)
    }

    /// Refuses a connection to another database, where nobody would deliver.
    fn check_database(&self, connection: &Connection) -> Result<(), Error> {
        let sql = &self.inner.context.sql.get_meta;
        let id: String = connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(["store_id"], |row| row.get(0)))
            .map_err(|error| self.not_here(error))?;
        if id == self.inner.store_id {
            Ok(())
        } else {
            Err(self.another_database())
        }
    }

    /// Why the tables cannot be used: they are not there, or the database failed.
    fn not_here(&self, error: SqliteError) -> Error {
        let is_missing = match &error {
            SqliteError::QueryReturnedNoRows | SqliteError::SqlInputError { .. } => true,
            error => error.sqlite_error_code() == Some(ErrorCode::Unknown),
        };
        if is_missing {
            self.another_database().with_source(error)
        } else {
            from_sqlite(error)
        }
    }

    fn another_database(&self) -> Error {
        Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "the connection is to another database than the store: expected one to {}",
                self.inner.options.path.display()
            ),
        )
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

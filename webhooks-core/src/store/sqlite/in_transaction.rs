//! Appending inside a transaction of the application's.

use rusqlite::Connection;

use super::{
    SqliteStore,
    failure::{Failure, from_sqlite},
    ops,
    tx::{Memo, Tx},
};
use crate::{
    Error, ErrorKind,
    store::{Append, Appended},
};

const SAVEPOINT: &str = "SAVEPOINT webhooks_emit_in";
const RELEASE: &str = "RELEASE webhooks_emit_in";
const ROLL_BACK: &str = "ROLLBACK TO webhooks_emit_in";

impl SqliteStore {
    /// Appends inside the transaction that is open on `connection`: what it stores is there if and only
    /// if that commits. All or nothing; what the application did before stays as it is.
    pub(crate) fn append_in(
        &self,
        connection: &Connection,
        batch: &Append,
    ) -> Result<Vec<Appended>, Error> {
        if connection.is_autocommit() {
            return Err(Error::new(
                ErrorKind::NoTransaction,
                "no transaction is open on the connection: begin one (`BEGIN IMMEDIATE`), so that the event commits with your data",
            ));
        }
        self.check_database(connection)?;
        let execute = |sql: &str| -> Result<(), Error> {
            let mut statement = connection.prepare_cached(sql).map_err(from_sqlite)?;
            statement.execute([]).map(drop).map_err(from_sqlite)
        };
        execute(SAVEPOINT)?;
        let mut memo = Memo::default();
        let mut tx = Tx::new(connection, &self.inner.context, &mut memo);
        let appended = ops::append(&mut tx, batch)
            .and_then(|appended| tx.finish().map(|()| appended))
            .map_err(Failure::into_error);
        if appended.is_err() {
            execute(ROLL_BACK)?;
        }
        execute(RELEASE)?;
        appended
    }

    /// Refuses a connection to another database, where nobody would deliver.
    fn check_database(&self, connection: &Connection) -> Result<(), Error> {
        let wrong = |source: Option<rusqlite::Error>| {
            let error = Error::new(
                ErrorKind::InvalidConfig,
                format!(
                    "the connection is to another database than the store: expected one to {}",
                    self.inner.options.path.display()
                ),
            );
            match source {
                Some(source) => error.with_source(source),
                None => error,
            }
        };
        let sql = &self.inner.context.sql.get_meta;
        let id: String = connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(["store_id"], |row| row.get(0)))
            .map_err(|error| wrong(Some(error)))?;
        if id == self.inner.store_id {
            Ok(())
        } else {
            Err(wrong(None))
        }
    }
}

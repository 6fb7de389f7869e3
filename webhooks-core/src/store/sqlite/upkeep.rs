//! What an operator does with a database.

use std::{
    fs::{File, OpenOptions},
    path::Path,
};

use rusqlite::{Connection, OpenFlags};

use super::{
    SqliteStore, connect::check_path, failure::from_sqlite, files::private, options::blocking,
};
use crate::{Error, ErrorKind};

impl SqliteStore {
    /// Looks through the whole database for damage; may take minutes for one of many gigabytes, and
    /// holds nobody up.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store), with the first things found.
    pub async fn integrity_check(&self) -> Result<(), Error> {
        let path = self.inner.options.path.clone();
        blocking(move || {
            let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)
                .map_err(from_sqlite)?;
            let mut statement = connection
                .prepare("PRAGMA integrity_check(10)")
                .map_err(from_sqlite)?;
            let found = statement
                .query_map([], |row| row.get::<_, String>(0))
                .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
                .map_err(from_sqlite)?;
            if found == ["ok"] {
                return Ok(());
            }
            Err(Error::new(
                ErrorKind::Store,
                format!("the database is damaged: {}", found.join("; ")),
            ))
        })
        .await
    }

    /// Writes a copy of the database as it is now to a new file, while others go on. The key is not in
    /// it: without it the copy is of no use.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store) if there is such a file already, or it cannot be written;
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) for `:memory:` and its like.
    pub async fn backup_to(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let (from, to) = (self.inner.options.path.clone(), path.as_ref().to_owned());
        blocking(move || {
            check_path(&to)?;
            let Some(name) = to.to_str() else {
                return Err(Error::new(
                    ErrorKind::InvalidConfig,
                    "SQLite writes backups to paths in UTF-8 alone",
                ));
            };
            let mut options = OpenOptions::new();
            let made = private(options.create_new(true).write(true)).open(&to);
            made.map_err(|error| {
                Error::new(
                    ErrorKind::Store,
                    format!("the backup {} cannot be made", to.display()),
                )
                .with_source(error)
            })?;
            let copied = || -> rusqlite::Result<()> {
                let connection =
                    Connection::open_with_flags(&from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
                // One transaction that reads: in a WAL nobody waits for it.
                connection.execute("VACUUM INTO ?1", [name]).map(drop)
            };
            let durable = || {
                let file = File::open(&to).and_then(|file| file.sync_all());
                file.map_err(|error| {
                    Error::new(ErrorKind::Store, "the backup cannot be made durable")
                        .with_source(error)
                })
            };
            copied()
                .map_err(from_sqlite)
                .and_then(|()| durable())
                .inspect_err(|_| {
                    let _ = std::fs::remove_file(&to);
                })
        })
        .await
    }
}

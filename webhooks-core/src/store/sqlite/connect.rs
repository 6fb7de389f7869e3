//! Connections: one that looks, and those that stay.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, config::DbConfig};

use super::{SqliteOptions, failure::message, files::with_end};
use crate::{Error, ErrorKind};

/// A file that is no larger is looked through for damage when it is opened.
const LOOKED_THROUGH: u64 = 32 << 20;
/// The WAL is written back to the file whenever it has this many pages.
const CHECKPOINT_PAGES: i64 = 4_000;
/// The memory that each connection may use for pages, in KiB.
const CACHE_KIB: i64 = 16 << 10;
/// So many statements are kept prepared.
const STATEMENTS: usize = 128;

/// Refuses what is no path of a file to SQLite.
pub(super) fn check_path(path: &Path) -> Result<(), Error> {
    let text = path.to_string_lossy();
    if text.is_empty() || text == ":memory:" || text.starts_with("file:") {
        return Err(Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "`{text}` is no path of a database file: a store without a file is `MemoryStore`"
            ),
        ));
    }
    Ok(())
}

/// A connection that changes nothing, after it was seen that the file is a database, and whole if it is
/// not too large for that.
pub(super) fn look_at(options: &SqliteOptions) -> Result<Connection, Error> {
    let path = &options.path;
    let failed = |error| about(path, message(&error)).with_source(error);
    // One that may only read would leave its WAL behind.
    // A connection is used by one thread only: SQLite need not lock it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection
        .pragma_update(None, "query_only", true)
        .and_then(|()| connection.busy_timeout(options.busy_timeout))
        .and_then(|()| {
            // What a crash left in the WAL stays there.
            let unwritten = with_end(path, "-wal")
                .metadata()
                .is_ok_and(|wal| wal.len() > 0);
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, unwritten)
        })
        .map_err(failed)?;
    connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))
        .map_err(failed)?;
    let size = path.metadata().map_or(0, |metadata| metadata.len());
    if size <= LOOKED_THROUGH {
        let verdict: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(failed)?;
        if verdict != "ok" {
            // Its first line names the database.
            let what = verdict.lines().last().unwrap_or_default();
            return Err(about(
                path,
                &format!("is damaged: restore it from a backup ({what})"),
            ));
        }
    }
    Ok(connection)
}

/// A connection for writing.
pub(super) fn connect(path: &Path, options: &SqliteOptions) -> Result<Connection, Error> {
    let failed = |error| about(path, message(&error)).with_source(error);
    // A connection is used by one thread only: SQLite need not lock it.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let setup = || -> rusqlite::Result<String> {
        connection.busy_timeout(options.busy_timeout)?;
        let mode =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", options.synchronous)?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(mode)
    };
    let mode = setup().map_err(failed)?;
    if mode != "wal" {
        return Err(about(path, "cannot have a write-ahead log where it lies"));
    }
    Ok(connection)
}

/// An error about a database.
pub(super) fn about(path: &Path, what: &str) -> Error {
    Error::new(
        ErrorKind::Store,
        format!("the database {}: {what}", path.display()),
    )
}

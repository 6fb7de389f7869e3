//! What can go wrong inside a transaction.

use rusqlite::{Error as SqliteError, ErrorCode};

use crate::{Error, ErrorKind};

/// Why a step of a transaction failed.
#[derive(Debug)]
pub(in crate::store) enum Failure {
    /// SQLite failed: the transaction must be rolled back.
    Sqlite(SqliteError),
    /// The step wrote nothing, for a reason of its own.
    Refused(Error),
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Sqlite(error) => from_sqlite(error),
            Self::Refused(error) => error,
        }
    }
}

impl From<SqliteError> for Failure {
    fn from(error: SqliteError) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// Whether somebody else holds the database.
pub(super) fn is_busy(error: &SqliteError) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked)
    )
}

/// The error of a call that SQLite failed.
pub(super) fn from_sqlite(error: SqliteError) -> Error {
    let kind = if is_busy(&error) {
        ErrorKind::Busy
    } else {
        ErrorKind::Store
    };
    Error::new(kind, message(&error)).with_source(error)
}

/// What it means that SQLite failed so.
pub(super) fn message(error: &SqliteError) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            "the database is held by another transaction: SQLite has one writer, so commit or roll back before awaiting this"
        }
        Some(ErrorCode::DiskFull) => "the disk is full: nothing was written",
        Some(ErrorCode::ReadOnly) => {
            "the database cannot be written: the file or its directory is read-only"
        }
        Some(ErrorCode::NotADatabase) => "the file is not an SQLite database",
        Some(ErrorCode::DatabaseCorrupt) => {
            "the database file is damaged: restore it from a backup"
        }
        Some(ErrorCode::CannotOpen) => {
            "the database file cannot be opened: the file or its directory may be read-only"
        }
        Some(ErrorCode::SystemIoFailure) => "the database file cannot be read or written",
        _ => "the database failed",
    }
}

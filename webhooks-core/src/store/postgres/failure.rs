//! What can go wrong between here and the database.

use sqlx::error::Error as SqlxError;

use crate::{Error, ErrorKind};

/// Why a step failed.
#[derive(Debug)]
pub(in crate::store) enum Failure {
    /// The database or the way to it failed.
    Database(SqlxError),
    /// The step changed nothing, for a reason of its own.
    Refused(Error),
}

/// What a failure says of what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// Another transaction was in the way, and this one has been rolled back: asked at once again, it may
    /// succeed.
    Conflict,
    /// The database is away, or the way to it is: what was asked may have been done or not.
    Away,
    /// The database said no.
    Answered,
}

impl Failure {
    pub(super) fn cause(&self) -> Cause {
        match self {
            Self::Database(error) => cause(error),
            Self::Refused(_) => Cause::Answered,
        }
    }

    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Database(error) => from_sqlx(error),
            Self::Refused(error) => error,
        }
    }
}

impl From<SqlxError> for Failure {
    fn from(error: SqlxError) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// The SQLSTATE of an error (PostgreSQL's documentation, appendix A).
fn code(error: &SqlxError) -> Option<String> {
    let error = error.as_database_error()?;
    error.code().map(|code| code.into_owned())
}

fn cause(error: &SqlxError) -> Cause {
    match code(error).as_deref() {
        // A serialization failure, a deadlock.
        Some("40001" | "40P01") => Cause::Conflict,
        // The connection failed; the server is shutting down, has crashed, is starting, or has too many
        // connections; a transaction stood idle for too long.
        Some(code) if code.starts_with("08") => Cause::Away,
        Some("57P01" | "57P02" | "57P03" | "57P05" | "53300" | "25P03") => Cause::Away,
        Some(_) => Cause::Answered,
        None => match error {
            SqlxError::Io(_)
            | SqlxError::Tls(_)
            | SqlxError::Protocol(_)
            | SqlxError::PoolTimedOut
            | SqlxError::WorkerCrashed
            | SqlxError::BeginFailed => Cause::Away,
            _ => Cause::Answered,
        },
    }
}

/// Whether the schema, a table or a column is not there.
pub(super) fn is_missing(error: &SqlxError) -> bool {
    matches!(
        code(error).as_deref(),
        Some("3F000" | "42P01" | "42703" | "42883")
    )
}

/// Whether no transaction is open where one must be.
pub(super) fn is_no_transaction(error: &SqlxError) -> bool {
    code(error).as_deref() == Some("25P01")
}

/// The error of a call that the database failed.
pub(super) fn from_sqlx(error: SqlxError) -> Error {
    let message = match (cause(&error), code(&error).as_deref()) {
        (_, Some("53100")) => "the database's disk is full: nothing was written",
        (_, Some("25006")) => "the database cannot be written: it is read-only, or a standby",
        (_, Some("42501")) => {
            "the database user lacks a privilege on the tables: grant it, or run the migrations with the same user"
        }
        (_, Some("57014")) => "the database took too long, and the statement was cancelled",
        (_, Some("55P03")) => "the database did not get a lock in time",
        (_, Some("28P01" | "28000")) => "the database refused the user or the password",
        (_, Some("3D000")) => "there is no database of that name",
        (_, Some("53300")) => "the database has too many connections",
        (Cause::Conflict, _) => "another transaction was in the way",
        (Cause::Away, _) => "the database is away",
        _ if is_missing(&error) => "the tables are not there: run the migrations",
        _ => "the database failed",
    };
    Error::new(ErrorKind::Store, message).with_source(error)
}

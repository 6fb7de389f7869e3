//! The key that a database's secrets are sealed with.

use std::{io, path::Path};

use rusqlite::Connection;

use super::{
    SqliteOptions,
    failure::from_sqlite,
    files::with_end,
    meta::{KEY_ID, note},
    migrations,
    options::KeySource,
    sql::{Sql, with_prefix},
};
use crate::{
    Error, ErrorKind,
    env::Env,
    store::{SecretsKey, SecretsKeyId},
};

/// The ID of the key that the database was made with; `None` before its tables are made.
pub(super) fn noted_key(connection: &Connection, prefix: &str) -> Result<Option<String>, Error> {
    if migrations::version(connection, prefix)? == 0 {
        return Ok(None);
    }
    let sql = with_prefix(
        "SELECT max(value) FROM webhooks_meta WHERE name = ?1",
        prefix,
    );
    connection
        .query_row(&sql, [KEY_ID], |row| row.get(0))
        .map_err(from_sqlite)
}

/// Refuses another key than the one that the database was made with, and one that is malformed, before
/// anything is written.
pub(super) fn check_key(options: &SqliteOptions, noted: Option<String>) -> Result<(), Error> {
    let key = match &options.key {
        KeySource::Key(key) => Ok(key.clone()),
        KeySource::File(path) => SecretsKey::from_file(path),
        KeySource::Beside => SecretsKey::from_file(with_end(&options.path, ".key")),
    };
    match (noted, key) {
        (Some(noted), key) => same_key(&options.path, &noted, key?.id()),
        // It is made with the tables.
        (None, Err(error)) if is_io(&error, io::ErrorKind::NotFound) => Ok(()),
        (None, key) => key.map(drop),
    }
}

/// The key in hand, made if there is none yet and nothing is sealed.
pub(super) fn secrets_key(
    options: &SqliteOptions,
    connection: &Connection,
    sql: &Sql,
) -> Result<SecretsKey, Error> {
    let key = match &options.key {
        KeySource::Key(key) => key.clone(),
        KeySource::File(path) => key_in(path, &options.env)?,
        KeySource::Beside => key_in(&with_end(&options.path, ".key"), &options.env)?,
    };
    let noted = note(connection, sql, KEY_ID, &key.id().to_string())?;
    same_key(&options.path, &noted, key.id())?;
    Ok(key)
}

fn same_key(path: &Path, noted: &str, given: SecretsKeyId) -> Result<(), Error> {
    if noted == given.to_string() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SecretsKey,
        format!(
            "the secrets in {} are sealed with the key {noted}: the key in hand is {given}",
            path.display()
        ),
    ))
}

/// The key in this file, which is made if it is not there.
fn key_in(path: &Path, env: &Env) -> Result<SecretsKey, Error> {
    let error = match SecretsKey::from_file(path) {
        Ok(key) => return Ok(key),
        Err(error) => error,
    };
    if !is_io(&error, io::ErrorKind::NotFound) {
        return Err(error);
    }
    match SecretsKey::create_file(path, env) {
        // Another process was faster.
        Err(error) if is_io(&error, io::ErrorKind::AlreadyExists) => SecretsKey::from_file(path),
        made => made,
    }
}

fn is_io(error: &Error, kind: io::ErrorKind) -> bool {
    std::error::Error::source(error)
        .and_then(|source| source.downcast_ref::<io::Error>())
        .is_some_and(|error| error.kind() == kind)
}

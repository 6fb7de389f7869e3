//! Opening a database, with every doubt cleared before anything is written.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rusqlite::{Connection, OpenFlags, config::DbConfig, params};
use tokio::sync::watch;

use super::{
    Migration, SqliteOptions, SqliteStore,
    failure::{from_sqlite, message},
    files,
    job::Long,
    locks::NodeLocks,
    migrations, ops,
    options::KeySource,
    readers::Readers,
    sql::{Sql, with_prefix},
    tx::Context,
    writer::Writer,
};
use crate::{
    Error, ErrorKind,
    env::Env,
    store::{SecretsKey, SecretsKeyId, seal::Sealer},
};

/// How many threads read.
const READERS: usize = 2;
/// A file that is no larger is looked through for damage when it is opened.
const LOOKED_THROUGH: u64 = 32 << 20;
/// The WAL is written back to the file whenever it has this many pages.
const CHECKPOINT_PAGES: i64 = 4_000;
/// The memory that each connection may use for pages, in KiB.
const CACHE_KIB: i64 = 16 << 10;
/// So many statements are kept prepared.
const STATEMENTS: usize = 128;

/// Which secrets key a database was made with.
const KEY_ID: &str = "secrets_key_id";
/// What tells one database from another.
const STORE_ID: &str = "store_id";

pub(super) fn open(options: &SqliteOptions) -> Result<SqliteStore, Error> {
    let mut connection = open_file(options)?;
    let sql = Sql::new(&options.prefix);
    if options.migrate {
        migrations::run(&mut connection, &options.prefix, options.env.now())?;
    } else {
        check_tables(&connection, &options.prefix)?;
    }
    let key = secrets_key(options, &connection, &sql)?;
    let store_id = note(
        &connection,
        &sql,
        STORE_ID,
        &options.env.uuid_v4().to_string(),
    )?;
    let mut readers = Vec::new();
    for _ in 0..READERS {
        let reader = connect(&options.path, options)?;
        reader
            .pragma_update(None, "query_only", true)
            .map_err(from_sqlite)?;
        reader
            .busy_timeout(options.busy_timeout)
            .map_err(from_sqlite)?;
        readers.push(reader);
    }
    // The thread waits by itself, in shorter steps.
    connection
        .busy_timeout(std::time::Duration::ZERO)
        .map_err(from_sqlite)?;
    let context = Arc::new(Context {
        sql,
        sealer: Sealer::new(&key),
        env: options.env.clone(),
        locks: NodeLocks::new(&options.path),
    });
    let (changes, changed) = watch::channel(0);
    let writer = Writer::start(connection, context.clone(), options.busy_timeout, changes)?;
    // What an earlier process began to discard.
    let (job, _) = Long::job(|tx| Ok((!ops::go_on_discarding(tx, None)?).then_some(())));
    writer.send(job);
    Ok(SqliteStore::new(
        options.clone(),
        context.clone(),
        writer,
        Readers::start(readers, &context)?,
        changed,
        store_id,
    ))
}

pub(super) fn migrate(options: &SqliteOptions) -> Result<Vec<Migration>, Error> {
    let mut connection = open_file(options)?;
    let done = migrations::run(&mut connection, &options.prefix, options.env.now())?.to_vec();
    let sql = Sql::new(&options.prefix);
    secrets_key(options, &connection, &sql)?;
    note(
        &connection,
        &sql,
        STORE_ID,
        &options.env.uuid_v4().to_string(),
    )?;
    Ok(done)
}

pub(super) fn pending(options: &SqliteOptions) -> Result<Vec<Migration>, Error> {
    check_path(&options.path)?;
    if !options.path.exists() {
        return Ok(migrations::MIGRATIONS.to_vec());
    }
    let connection = look_at(options)?;
    Ok(migrations::pending(&connection, &options.prefix)?.to_vec())
}

pub(super) fn validate(options: &SqliteOptions) -> Result<(), Error> {
    check_path(&options.path)?;
    if !options.path.exists() {
        return Err(about(&options.path, "is not there: run the migrations"));
    }
    check_tables(&look_at(options)?, &options.prefix)
}

/// Opens the file for writing, after a look at it that changes nothing.
fn open_file(options: &SqliteOptions) -> Result<Connection, Error> {
    check_path(&options.path)?;
    if options.path.exists() {
        let looked_at = look_at(options)?;
        migrations::pending(&looked_at, &options.prefix)
            .map_err(|error| about(&options.path, &error.to_string()))?;
        check_key(options, &looked_at)?;
    }
    files::create(&options.path)
        .map_err(|error| about(&options.path, "cannot be made").with_source(error))?;
    connect(&options.path, options)
}

fn check_path(path: &Path) -> Result<(), Error> {
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
fn look_at(options: &SqliteOptions) -> Result<Connection, Error> {
    let path = &options.path;
    let failed = |error| about(path, message(&error)).with_source(error);
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)?;
    connection
        .busy_timeout(options.busy_timeout)
        .map_err(failed)?;
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
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
fn connect(path: &Path, options: &SqliteOptions) -> Result<Connection, Error> {
    let failed = |error| about(path, message(&error)).with_source(error);
    let connection =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    let setup = || -> rusqlite::Result<()> {
        connection.busy_timeout(options.busy_timeout)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(())
    };
    setup().map_err(failed)?;
    Ok(connection)
}

fn check_tables(connection: &Connection, prefix: &str) -> Result<(), Error> {
    let missing = migrations::pending(connection, prefix)?;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing
        .iter()
        .map(|migration| format!("{} ({})", migration.number, migration.name))
        .collect();
    Err(Error::new(
        ErrorKind::Store,
        format!(
            "the tables are not as this version needs them: run the migrations {}",
            names.join(", ")
        ),
    ))
}

/// The ID of the key that the database was made with; `None` before its tables are made.
fn noted_key(connection: &Connection, prefix: &str) -> Result<Option<String>, Error> {
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

/// Refuses another key than the one that the database was made with, before anything is written.
fn check_key(options: &SqliteOptions, connection: &Connection) -> Result<(), Error> {
    let Some(noted) = noted_key(connection, &options.prefix)? else {
        return Ok(());
    };
    let key = match &options.key {
        KeySource::Key(key) => key.clone(),
        KeySource::File(path) => SecretsKey::from_file(path)?,
        KeySource::Beside => SecretsKey::from_file(beside(&options.path))?,
    };
    same_key(&options.path, &noted, key.id())
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

/// The key in hand, made if there is none yet and nothing is sealed.
fn secrets_key(
    options: &SqliteOptions,
    connection: &Connection,
    sql: &Sql,
) -> Result<SecretsKey, Error> {
    let key = match &options.key {
        KeySource::Key(key) => key.clone(),
        KeySource::File(path) => key_in(path, &options.env)?,
        KeySource::Beside => key_in(&beside(&options.path), &options.env)?,
    };
    let noted = note(connection, sql, KEY_ID, &key.id().to_string())?;
    same_key(&options.path, &noted, key.id())?;
    Ok(key)
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

fn beside(database: &Path) -> PathBuf {
    let mut name = OsString::from(database.as_os_str());
    name.push(".key");
    name.into()
}

/// Notes a value under a name that has none; returns the one that is noted.
fn note(connection: &Connection, sql: &Sql, name: &str, value: &str) -> Result<String, Error> {
    let noted = || -> rusqlite::Result<String> {
        connection.execute(&sql.put_meta, params![name, value])?;
        connection.query_row(&sql.get_meta, [name], |row| row.get(0))
    };
    noted().map_err(from_sqlite)
}

fn about(path: &Path, what: &str) -> Error {
    Error::new(
        ErrorKind::Store,
        format!("the database {}: {what}", path.display()),
    )
}

//! Opening a database, with every doubt cleared before anything is written.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    SqliteOptions, SqliteStore,
    connect::{about, connect, look_at},
    failure::from_sqlite,
    files,
    job::Long,
    locks::NodeLocks,
    meta::{STORE_ID, note},
    migrations, ops,
    readers::Readers,
    secrets::{check_key, noted_key, secrets_key},
    sql::Sql,
    tx::Context,
    writer::Writer,
};
use crate::{
    Error,
    store::{Migration, migration::none_pending, seal::Sealer},
};

/// How many threads read.
const READERS: usize = 2;

pub(super) fn open(options: &SqliteOptions) -> Result<SqliteStore, Error> {
    if !options.migrate {
        validate(options)?;
    }
    let mut connection = open_file(options)?;
    let sql = Sql::new(&options.prefix);
    if options.migrate {
        migrations::run(&mut connection, &options.prefix, options.env.now())?;
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
    context.locks.clean_up();
    let (readers, threads) = Readers::start(readers, &context)?;
    let (busy_timeout, of_writer) = (options.busy_timeout, context.clone());
    let writer = Writer::start(connection, of_writer, busy_timeout, changes, threads)?;
    // What an earlier process began to discard.
    let (job, _) = Long::job(|tx| Ok((!ops::go_on_discarding(tx, None)?).then_some(())));
    writer.send(job);
    Ok(SqliteStore::new(
        options.clone(),
        context,
        writer,
        readers,
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
    if !options.path.exists() {
        return Ok(migrations::MIGRATIONS.to_vec());
    }
    let connection = look_at(options)?;
    Ok(migrations::pending(&connection, &options.prefix)?.to_vec())
}

pub(super) fn validate(options: &SqliteOptions) -> Result<(), Error> {
    if !options.path.exists() {
        return Err(about(&options.path, "is not there: run the migrations"));
    }
    check_tables(&look_at(options)?, &options.prefix)
}

/// Opens the file for writing, after a look at it that changes nothing.
fn open_file(options: &SqliteOptions) -> Result<Connection, Error> {
    if options.path.exists() {
        let looked_at = look_at(options)?;
        migrations::pending(&looked_at, &options.prefix)
            .map_err(|error| about(&options.path, &error.to_string()))?;
        check_key(options, noted_key(&looked_at, &options.prefix)?)?;
    } else {
        check_key(options, None)?;
    }
    files::create(&options.path)
        .map_err(|error| about(&options.path, "cannot be made").with_source(error))?;
    connect(&options.path, options)
}

fn check_tables(connection: &Connection, prefix: &str) -> Result<(), Error> {
    let missing = migrations::pending(connection, prefix)?;
    none_pending(missing)
}

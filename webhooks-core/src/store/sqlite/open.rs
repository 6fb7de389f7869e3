//! Opening a database, with every doubt cleared before anything is written.

use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    SqliteOptions, SqliteStore,
    connect::{about, connect, look_at},
    executor::{Executor, Threads},
    failure::from_sqlite,
    files,
    job::Long,
    locks::NodeLocks,
    meta::{STORE_ID, note},
    migrations, ops,
    readers::Readers,
    secrets::{check_key, noted_key, secrets_key},
    session::Session,
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

/// A database that is ready to be used: its tables are there, and its key.
pub(super) struct Ready {
    pub(super) connection: Connection,
    pub(super) context: Arc<Context>,
    pub(super) store_id: String,
}

pub(super) fn open(options: &SqliteOptions) -> Result<SqliteStore, Error> {
    let Ready {
        connection,
        context,
        store_id,
    } = ready(options)?;
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
    let (changes, changed) = watch::channel(0);
    let (readers, threads) = Readers::start(readers, &context)?;
    let session = Session::new(connection, context.clone(), options.busy_timeout, changes);
    let writer = Writer::start(session, threads)?;
    let threads = Threads { writer, readers };
    Ok(started(options, context, threads, changed, store_id))
}

/// Opens the file, with every doubt cleared.
pub(super) fn ready(options: &SqliteOptions) -> Result<Ready, Error> {
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
    // A session waits by itself, in shorter steps.
    connection
        .busy_timeout(std::time::Duration::ZERO)
        .map_err(from_sqlite)?;
    let context = Arc::new(Context {
        sql,
        sealer: Sealer::new(&key),
        env: options.env.clone(),
        locks: NodeLocks::new(&options.path),
    });
    context.locks.clean_up();
    Ok(Ready {
        connection,
        context,
        store_id,
    })
}

/// A store whose executor is at work.
pub(super) fn started(
    options: &SqliteOptions,
    context: Arc<Context>,
    executor: impl Executor + 'static,
    changed: watch::Receiver<u64>,
    store_id: String,
) -> SqliteStore {
    // What an earlier process began to discard.
    let (job, _) = Long::job(|tx| Ok((!ops::go_on_discarding(tx, None)?).then_some(())));
    executor.write(job);
    let executor = Box::new(executor);
    SqliteStore::new(options.clone(), context, executor, changed, store_id)
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

//! Connecting, with every doubt cleared before anything is written.

use std::{sync::Arc, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, Row as _,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use super::{
    PostgresOptions, PostgresStore,
    failure::from_sqlx,
    migrations,
    runner::Runner,
    signals::Signals,
    sql::Sql,
    tx::{BEGIN, Context, ask},
};
use crate::{Error, ErrorKind, store::seal::Sealer};

/// Which secrets key a database was made with.
const KEY_ID: &str = "secrets_key_id";
/// What tells one database from another.
const STORE_ID: &str = "store_id";
/// The oldest version whose SQL the statements are written in.
const OLDEST: u32 = 130_000;
/// A transaction of ours that does nothing for so long is of a process that is stopped, and holds others up.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(5);
/// So much longer than the database takes at most an answer is waited for.
const ON_THE_WAY: Duration = Duration::from_secs(2);
/// So many prepared statements are kept by a connection: all of them.
const STATEMENTS: usize = 256;

pub(super) async fn connect(options: PostgresOptions) -> Result<PostgresStore, Error> {
    let mut connection = one(&options).await?;
    check_key(&mut connection, &options).await?;
    if options.migrate {
        migrations::run(&mut connection, &options.schema).await?;
    } else {
        migrations::validate(&mut connection, &options.schema).await?;
    }
    note_key(&mut connection, &options).await?;
    let store_id = note(
        &mut connection,
        &options.schema,
        STORE_ID,
        &options.env.uuid_v4().to_string(),
    )
    .await?;
    drop(connection);
    let to = connect_options(&options);
    let pool = PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.patience)
        // What is cut while it lies idle is found out when it is used, and asked again.
        .test_before_acquire(false)
        .connect_lazy_with(to.clone());
    let cx = Arc::new(Context {
        sql: Sql::new(&options.schema, !options.transaction_pooling),
        sealer: Sealer::new(&options.key),
        env: options.env.clone(),
        store_id: store_id.into(),
        is_in_transaction: options.transaction_pooling,
        signals: Arc::new(Signals::new(&options)),
    });
    let runner = Runner {
        pool,
        patience: options.patience,
        timeout: options.statement_timeout + ON_THE_WAY,
        around: options.transaction_pooling.then(|| around(&options).into()),
        env: options.env.clone(),
    };
    Ok(PostgresStore::start(options, to, cx, runner))
}

/// How a connection is set up, so that nothing hangs on what the database or its user have as a default.
fn connect_options(options: &PostgresOptions) -> PgConnectOptions {
    let to = options.connect.clone();
    if options.transaction_pooling {
        return to.statement_cache_capacity(0);
    }
    to.statement_cache_capacity(STATEMENTS)
        .options(settings(options))
        .options([
            ("default_transaction_isolation", "read committed"),
            ("default_transaction_read_only", "off"),
        ])
}

/// What statements go by, whatever the database has as a default.
fn settings(options: &PostgresOptions) -> [(&'static str, String); 7] {
    let millis = |time: Duration| time.as_millis().to_string();
    [
        ("statement_timeout", millis(options.statement_timeout)),
        (
            "idle_in_transaction_session_timeout",
            millis(IDLE_IN_TRANSACTION),
        ),
        ("synchronous_commit", "on".into()),
        // The statements are long, and how many rows an array has changes nothing in how they are best done:
        // by indexes, from the arrays on. Tables grow faster than their statistics.
        ("plan_cache_mode", "force_generic_plan".into()),
        ("enable_seqscan", "off".into()),
        ("random_page_cost", "1".into()),
        ("jit", "off".into()),
    ]
}

/// The same for one transaction, where nothing of a connection outlives that.
fn around(options: &PostgresOptions) -> String {
    let settings = settings(options);
    settings
        .iter()
        .fold(BEGIN.to_owned(), |text, (name, value)| {
            format!("{text}; SET LOCAL {name} = {value}")
        })
}

/// One connection, outside of the pool.
pub(super) async fn one(options: &PostgresOptions) -> Result<PgConnection, Error> {
    let connecting = connect_options(options);
    let connected = timeout(options.patience, connecting.connect()).await;
    let connection = match connected {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return Err(about(options, from_sqlx(error))),
        Err(_) => {
            let late = Error::new(ErrorKind::Store, "it does not answer");
            return Err(about(options, late));
        }
    };
    match connection.server_version_num() {
        Some(version) if version < OLDEST => Err(Error::new(
            ErrorKind::Store,
            format!(
                "the database is PostgreSQL {}: expected 13 or newer",
                version / 10_000
            ),
        )),
        _ => Ok(connection),
    }
}

/// An error that says which database it is about.
fn about(options: &PostgresOptions, error: Error) -> Error {
    let host = options.connect.get_host();
    let port = options.connect.get_port();
    let message = format!("cannot connect to PostgreSQL at {host}:{port}");
    Error::new(error.kind(), message).with_source(error)
}

/// Refuses another key than the one that the database was made with, before anything is written.
pub(super) async fn check_key(
    connection: &mut PgConnection,
    options: &PostgresOptions,
) -> Result<(), Error> {
    // A pooler may hand out another connection between the parts of a question.
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    if migrations::version(&mut transaction, &options.schema).await? == 0 {
        return Ok(());
    }
    match noted(&mut transaction, &options.schema, KEY_ID).await? {
        Some(noted) => same_key(options, &noted),
        None => Ok(()),
    }
}

/// Notes the key in hand, or refuses it.
pub(super) async fn note_key(
    connection: &mut PgConnection,
    options: &PostgresOptions,
) -> Result<(), Error> {
    let id = options.key.id().to_string();
    let noted = note(connection, &options.schema, KEY_ID, &id).await?;
    same_key(options, &noted)
}

fn same_key(options: &PostgresOptions, noted: &str) -> Result<(), Error> {
    let given = options.key.id().to_string();
    if noted == given {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::SecretsKey,
        format!(
            "the secrets in the schema {} are sealed with the key {noted}: the key in hand is {given}",
            options.schema
        ),
    ))
}

async fn noted(
    connection: &mut PgConnection,
    schema: &str,
    name: &str,
) -> Result<Option<String>, Error> {
    let sql = Sql::new(schema, false);
    let row = ask(&sql.get_meta)
        .bind(name)
        .fetch_optional(connection)
        .await
        .map_err(from_sqlx)?;
    row.map(|row| row.try_get(0)).transpose().map_err(from_sqlx)
}

/// Notes a value under a name that has none; returns the one that is noted.
async fn note(
    connection: &mut PgConnection,
    schema: &str,
    name: &str,
    value: &str,
) -> Result<String, Error> {
    let sql = Sql::new(schema, false);
    let mut transaction = connection.begin_with(BEGIN).await.map_err(from_sqlx)?;
    ask(&sql.put_meta)
        .bind(name)
        .bind(value)
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    let noted = noted(&mut transaction, schema, name).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    noted.ok_or_else(|| Error::new(ErrorKind::Store, "the database keeps no notes"))
}

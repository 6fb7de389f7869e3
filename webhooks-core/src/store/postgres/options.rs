//! How a store is connected to.

use std::{fmt, time::Duration};

use sqlx::{ConnectOptions as _, postgres::PgConnectOptions};

use super::{PostgresStore, migrations, open, sql::DEFAULT_SCHEMA};
use crate::{
    Error, ErrorKind,
    env::Env,
    store::{Migration, SecretsKey},
};

/// The longest name of a schema: it is part of a channel's name, which has 63 bytes at most.
const LONGEST_SCHEMA: usize = 48;

/// How a [`PostgresStore`] is connected to.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use webhooks_core::store::{SecretsKey, postgres::PostgresOptions};
///
/// let key = SecretsKey::from_file("webhooks.key")?;
/// let store = PostgresOptions::new("postgres://db.example/shop", key)?
///     .schema("outbound")?
///     .connect()
///     .await?;
/// # drop(store);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "options do nothing until `connect` is called"]
pub struct PostgresOptions {
    pub(super) connect: PgConnectOptions,
    pub(super) key: SecretsKey,
    pub(super) schema: String,
    pub(super) migrate: bool,
    pub(super) max_connections: u32,
    pub(super) patience: Duration,
    pub(super) statement_timeout: Duration,
    pub(super) transaction_pooling: bool,
    pub(super) env: Env,
}

impl PostgresOptions {
    /// The database at this URL, `postgres://user:password@host:port/database?sslmode=…`, as libpq has it;
    /// what is not in it comes from `PGUSER`, `PGPASSWORD` and their like. Secrets are sealed with `key`,
    /// the same one on every node.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) if that is not such a URL.
    pub fn new(url: &str, key: SecretsKey) -> Result<Self, Error> {
        let is_ours = url.starts_with("postgres://") || url.starts_with("postgresql://");
        let parsed: Option<PgConnectOptions> = is_ours.then(|| url.parse().ok()).flatten();
        let Some(connect) = parsed else {
            // Not even in part, since there may be a password in it.
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "the database's URL is not usable: expected postgres://user:password@host:port/database",
            ));
        };
        Ok(Self {
            connect: connect.disable_statement_logging(),
            key,
            schema: DEFAULT_SCHEMA.into(),
            migrate: true,
            max_connections: 10,
            patience: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(10),
            transaction_pooling: false,
            env: Env::system(),
        })
    }

    /// The schema that all tables are in; it is made if it is not there. Defaults to `webhooks`.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) unless it is 1–48 of `[a-z0-9_]`, begins with a letter
    /// and not with `pg_`.
    pub fn schema(mut self, schema: impl Into<String>) -> Result<Self, Error> {
        self.schema = schema.into();
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let right = (1..=LONGEST_SCHEMA).contains(&self.schema.len())
            && self.schema.bytes().all(allowed)
            && self.schema.as_bytes()[0].is_ascii_alphabetic()
            && !self.schema.starts_with("pg_");
        if right {
            return Ok(self);
        }
        Err(Error::new(
            ErrorKind::InvalidConfig,
            "the schema is not usable: expected 1–48 of [a-z0-9_] that begin with a letter, not `pg_`",
        ))
    }

    /// Whether tables are made and changed when the store is connected to. Without that, connecting fails
    /// unless they are as this version needs them. Defaults to `true`.
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// How many connections are open at most, beside one that listens. None is held while an HTTP request
    /// is under way. Defaults to 10.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) for fewer than 2.
    pub fn max_connections(mut self, count: u32) -> Result<Self, Error> {
        if count < 2 {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "a store needs at least 2 connections: one must be left to say that the node is alive",
            ));
        }
        self.max_connections = count;
        Ok(self)
    }

    /// How long a call waits for a database that is away, before it fails with an error that may be
    /// retried. Defaults to 5 s.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// How long a statement may take; the database is told to cancel it then. Longer work is done in parts.
    /// Defaults to 10 s.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// Whether there is a pooler on the way that hands out another connection for each transaction, such as
    /// PgBouncer with `pool_mode = transaction`. Nothing is prepared then, each statement is a transaction,
    /// and changes are polled for, since they cannot be listened for. Defaults to `false`.
    pub fn transaction_pooling(mut self, transaction_pooling: bool) -> Self {
        self.transaction_pooling = transaction_pooling;
        self
    }

    /// Randomness for what is sealed and for pauses. Defaults to the system's.
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Connects to the store, whose tables are made if they are not there.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store) if the database is away, older than PostgreSQL 13, or its tables are of
    /// a later version; [`SecretsKey`](ErrorKind::SecretsKey) if its secrets are sealed with another key.
    /// Nothing was changed then.
    pub async fn connect(self) -> Result<PostgresStore, Error> {
        open::connect(self).await
    }

    /// Makes and changes the tables; returns what was done. Others wait meanwhile; two at once are safe.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn run_migrations(self) -> Result<Vec<Migration>, Error> {
        let mut connection = open::one(&self).await?;
        open::check_key(&mut connection, &self).await?;
        let done = migrations::run(&mut connection, &self.schema).await?;
        open::note_key(&mut connection, &self).await?;
        Ok(done.to_vec())
    }

    /// What [`run_migrations`](Self::run_migrations) would do; changes nothing.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn pending_migrations(self) -> Result<Vec<Migration>, Error> {
        let mut connection = open::one(&self).await?;
        Ok(migrations::pending(&mut connection, &self.schema)
            .await?
            .to_vec())
    }

    /// Checks that the tables are as this version needs them.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store), naming what is missing; else as [`connect`](Self::connect).
    pub async fn validate(self) -> Result<(), Error> {
        let mut connection = open::one(&self).await?;
        migrations::validate(&mut connection, &self.schema).await
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("host", &self.connect.get_host())
            .field("database", &self.connect.get_database())
            .field("schema", &self.schema)
            .finish_non_exhaustive()
    }
}

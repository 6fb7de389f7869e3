//! How a store is opened.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use super::{SqliteStore, connect::check_path, open, sql::DEFAULT_PREFIX};
use crate::{Error, ErrorKind, env::Env, store::SecretsKey};

/// How a [`SqliteStore`] is opened.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use webhooks_core::store::sqlite::SqliteOptions;
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("shop.db");
/// let store = SqliteOptions::new(&path).table_prefix("outbound_")?.open().await?;
/// # drop(store);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "options do nothing until `open` is called"]
pub struct SqliteOptions {
    pub(super) path: PathBuf,
    pub(super) prefix: String,
    pub(super) migrate: bool,
    pub(super) key: KeySource,
    pub(super) busy_timeout: Duration,
    /// What a commit waits for.
    pub(super) synchronous: &'static str,
    pub(super) env: Env,
}

/// Where the key for secrets comes from.
#[derive(Debug, Clone)]
pub(super) enum KeySource {
    /// A file beside the database, made with it.
    Beside,
    /// This file, made if it is not there.
    File(PathBuf),
    /// This key.
    Key(SecretsKey),
}

impl SqliteOptions {
    /// A database in this file; it is made if it is not there.
    pub fn new(path: impl AsRef<Path>) -> Self {
        Self {
            path: path.as_ref().to_owned(),
            prefix: DEFAULT_PREFIX.to_owned(),
            migrate: true,
            key: KeySource::Beside,
            busy_timeout: Duration::from_secs(5),
            synchronous: "FULL",
            env: Env::system(),
        }
    }

    /// What the names of all tables begin with. Defaults to `webhooks_`.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) unless it is 1–32 of `[a-z0-9_]` and begins with a
    /// letter.
    pub fn table_prefix(mut self, prefix: impl Into<String>) -> Result<Self, Error> {
        self.prefix = prefix.into();
        let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_');
        let right = (1..=32).contains(&self.prefix.len())
            && self.prefix.bytes().all(allowed)
            && self.prefix.as_bytes()[0].is_ascii_alphabetic()
            && !self.prefix.starts_with("sqlite_");
        if right {
            return Ok(self);
        }
        Err(Error::new(
            ErrorKind::InvalidConfig,
            "the table prefix is not usable: expected 1–32 of [a-z0-9_] that begin with a letter, not `sqlite_`",
        ))
    }

    /// Whether tables are made and changed when the store is opened. Without that, opening fails
    /// unless they are as this version needs them. Defaults to `true`.
    pub fn migrate(mut self, migrate: bool) -> Self {
        self.migrate = migrate;
        self
    }

    /// The key that secrets are sealed with. Defaults to the one in `<database>.key`, which is made
    /// with the database.
    pub fn secrets_key(mut self, key: SecretsKey) -> Self {
        self.key = KeySource::Key(key);
        self
    }

    /// The file of the key that secrets are sealed with; it is made if it is not there. Defaults to
    /// `<database>.key`.
    pub fn secrets_key_file(mut self, path: impl AsRef<Path>) -> Self {
        self.key = KeySource::File(path.as_ref().to_owned());
        self
    }

    /// How long another connection's transaction is waited for, before a call fails with
    /// [`Busy`](ErrorKind::Busy). Defaults to 5 s.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.busy_timeout = timeout;
        self
    }

    /// Randomness for what is sealed, and the time that migrations are noted with. Defaults to the
    /// system's.
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// Opens the store.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store) if the file cannot be opened, is damaged, or of a later version;
    /// [`SecretsKey`](ErrorKind::SecretsKey) if the key is missing or another one. The file is as it
    /// was then. [`InvalidConfig`](ErrorKind::InvalidConfig) for `:memory:`, which has no file.
    pub async fn open(self) -> Result<SqliteStore, Error> {
        blocking(move || open::open(&self.resolved()?)).await
    }

    /// Makes and changes the tables; returns what was done. Others wait meanwhile; two at once are
    /// safe.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn run_migrations(self) -> Result<Vec<super::Migration>, Error> {
        blocking(move || open::migrate(&self.resolved()?)).await
    }

    /// What [`run_migrations`](Self::run_migrations) would do; changes nothing.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub async fn pending_migrations(self) -> Result<Vec<super::Migration>, Error> {
        blocking(move || open::pending(&self.resolved()?)).await
    }

    /// Checks that the tables are as this version needs them.
    ///
    /// # Errors
    /// [`Store`](ErrorKind::Store), naming what is missing; else as [`open`](Self::open).
    pub async fn validate(self) -> Result<(), Error> {
        blocking(move || open::validate(&self.resolved()?)).await
    }
}

impl SqliteOptions {
    /// With the path as all processes have it: links lead to one file, whose locks and key lie beside it,
    /// and the current directory may change.
    pub(super) fn resolved(mut self) -> Result<Self, Error> {
        check_path(&self.path)?;
        let resolved = self.path.canonicalize();
        if let Ok(path) = resolved.or_else(|_| std::path::absolute(&self.path)) {
            self.path = path;
        }
        Ok(self)
    }
}

/// Runs what would block the runtime on a thread of its own.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

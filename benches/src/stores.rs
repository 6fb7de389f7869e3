//! The stores that are measured, each fresh and empty.

use std::{path::Path, sync::OnceLock};

use sqlx::PgConnection;
use tempfile::TempDir;
use webhooks_core::{
    MemoryStore, WebhooksBuilder,
    env::Env,
    store::{MemoryLimits, PostgresStore, SecretsKey, SqliteStore, postgres::PostgresOptions},
};
use webhooks_tests::postgres::{Schema, schema};

use crate::Failed;

/// A store that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
    Postgres,
}

/// Where a store keeps its files, or its tables, until this is dropped. Not in the directory for temporary
/// files, which may be in memory.
pub(crate) struct Place {
    directory: TempDir,
    schema: OnceLock<Schema>,
}

fn directory() -> Result<TempDir, Failed> {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    std::fs::create_dir_all(&target)?;
    Ok(tempfile::tempdir_in(target)?)
}

impl Place {
    pub(crate) fn new() -> Result<Self, Failed> {
        Ok(Self {
            directory: directory()?,
            schema: OnceLock::new(),
        })
    }

    pub(crate) async fn sqlite(&self) -> Result<SqliteStore, Failed> {
        Ok(SqliteStore::open(self.directory.path().join("webhooks.db")).await?)
    }

    async fn schema(&self) -> Result<&Schema, Failed> {
        if let Some(schema) = self.schema.get() {
            return Ok(schema);
        }
        let found = schema().await.ok_or("no PostgreSQL was found")?;
        Ok(self.schema.get_or_init(|| found))
    }

    /// What an application has beside the store: a connection of its own.
    pub(crate) async fn connection(&self) -> Result<PgConnection, Failed> {
        Ok(self.schema().await?.connect().await)
    }

    /// Another handle on the same tables each time, as another process has one.
    pub(crate) async fn postgres(&self) -> Result<PostgresStore, Failed> {
        let schema = self.schema().await?;
        let path = self.directory.path().join("webhooks.key");
        let key = match SecretsKey::from_file(&path) {
            Ok(key) => key,
            Err(_) => SecretsKey::create_file(&path, &Env::system())?,
        };
        let options = PostgresOptions::new(schema.url(), key)?.schema(schema.name())?;
        Ok(options.connect().await?)
    }
}

impl Kind {
    /// Gives the builder a store of this kind.
    pub(crate) async fn give(
        self,
        builder: WebhooksBuilder,
        place: &Place,
    ) -> Result<WebhooksBuilder, Failed> {
        Ok(match self {
            // One emitter may have all events of a round pending.
            Self::Memory => builder.store(MemoryStore::with_limits(
                MemoryLimits::default().pending_per_emitter(100_000),
            )),
            Self::Sqlite => builder.store(place.sqlite().await?),
            Self::Postgres => builder.store(place.postgres().await?),
        })
    }
}

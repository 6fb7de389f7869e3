//! The store that the command line names.

use std::path::PathBuf;

use clap::Args;
use webhooks_core::{MemoryStore, WebhooksBuilder, store::sqlite::SqliteOptions};

use crate::Failed;

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Where emitters and deliveries are kept: `memory:` or `sqlite:PATH`.
    #[arg(
        long,
        global = true,
        default_value = "sqlite:webhooks.db",
        value_name = "STORE"
    )]
    store: String,
    /// The key that secrets are sealed with; it is made if it is not there. The default is the path of
    /// the database and `.key`.
    #[arg(long, global = true, value_name = "PATH")]
    secrets_key_file: Option<PathBuf>,
}

/// A store of the command line.
enum Named {
    Memory,
    Sqlite(SqliteOptions),
}

impl StoreArgs {
    fn named(&self) -> Result<Named, Failed> {
        if self.store == "memory:" {
            return Ok(Named::Memory);
        }
        let Some(path) = self.store.strip_prefix("sqlite:") else {
            // What follows may be a password.
            let scheme = self.store.split_once(':').map_or("", |(scheme, _)| scheme);
            return Err(format!(
                "the store `{scheme}:` is not built in: expected memory: or sqlite:PATH"
            )
            .into());
        };
        let mut options = SqliteOptions::new(path);
        if let Some(key) = &self.secrets_key_file {
            options = options.secrets_key_file(key);
        }
        Ok(Named::Sqlite(options))
    }

    /// Opens the store and gives it to the builder.
    pub(crate) async fn open(&self, builder: WebhooksBuilder) -> Result<WebhooksBuilder, Failed> {
        Ok(match self.named()? {
            Named::Memory => builder.store(MemoryStore::new()),
            Named::Sqlite(options) => builder.store(options.open().await?),
        })
    }

    /// Makes and changes the tables, or only says what that would do.
    pub(crate) async fn migrate(&self, dry_run: bool) -> Result<String, Failed> {
        let Named::Sqlite(options) = self.named()? else {
            return Ok("memory: has no tables".to_owned());
        };
        let (migrations, word) = if dry_run {
            (options.pending_migrations().await?, "to do")
        } else {
            (options.run_migrations().await?, "done")
        };
        if migrations.is_empty() {
            return Ok("nothing to do".to_owned());
        }
        let lines: Vec<String> = migrations
            .iter()
            .map(|migration| format!("{word}: {} {}", migration.number, migration.name))
            .collect();
        Ok(lines.join("\n"))
    }

    /// Checks that the tables are as this version needs them.
    pub(crate) async fn validate(&self) -> Result<String, Failed> {
        match self.named()? {
            Named::Memory => Ok("memory: has no tables".to_owned()),
            Named::Sqlite(options) => {
                options.validate().await?;
                Ok("the tables are as they should be".to_owned())
            }
        }
    }
}

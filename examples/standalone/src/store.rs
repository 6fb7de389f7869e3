//! The store that the command line names.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, error::ErrorKind};
use webhooks_core::{
    MemoryStore, WebhooksBuilder,
    store::{Migration, SecretsKey, postgres::PostgresOptions, sqlite::SqliteOptions},
};

use crate::Failed;

#[derive(Debug, Args)]
pub(crate) struct StoreArgs {
    /// Where emitters and deliveries are kept: `memory:`, `sqlite:PATH` or
    /// `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. An URL with a password is better off in the
    /// environment, since others see command lines.
    #[arg(
        long,
        global = true,
        env = "WEBHOOKS_STORE",
        hide_env_values = true,
        default_value = "sqlite:webhooks.db",
        value_name = "STORE"
    )]
    store: String,
    /// The schema of the tables in PostgreSQL; it is made if it is not there. The default is `webhooks`.
    #[arg(long, global = true, value_name = "NAME")]
    schema: Option<String>,
    /// The key that secrets are sealed with. For SQLite it is made if it is not there, by default at the
    /// path of the database and `.key`; PostgreSQL needs one that `keygen` made, the same on every node.
    #[arg(long, global = true, value_name = "PATH")]
    secrets_key_file: Option<PathBuf>,
}

/// A store of the command line.
enum Named {
    Memory,
    Sqlite(SqliteOptions),
    Postgres(Box<PostgresOptions>),
}

impl StoreArgs {
    fn named(&self) -> Result<Named, Failed> {
        let (scheme, rest) = self.store.split_once(':').unwrap_or(("", &self.store));
        let is_postgres = matches!(scheme, "postgres" | "postgresql");
        if self.schema.is_some() && !is_postgres {
            wrong(
                ErrorKind::ArgumentConflict,
                "--schema is for a store at postgres:// only",
            );
        }
        match scheme {
            "memory" if rest.is_empty() => Ok(Named::Memory),
            "sqlite" => {
                let mut options = SqliteOptions::new(rest);
                if let Some(key) = &self.secrets_key_file {
                    options = options.secrets_key_file(key);
                }
                Ok(Named::Sqlite(options))
            }
            _ if is_postgres => {
                let Some(key) = &self.secrets_key_file else {
                    wrong(
                        ErrorKind::MissingRequiredArgument,
                        "a store at postgres:// needs --secrets-key-file PATH, the same key on every node: `standalone keygen PATH` makes one",
                    );
                };
                if !key.exists() {
                    wrong(
                        ErrorKind::ValueValidation,
                        &format!(
                            "the secrets key file {} is not there: `standalone keygen PATH` makes one, the same for every node",
                            key.display()
                        ),
                    );
                }
                let mut options =
                    PostgresOptions::new(&self.store, SecretsKey::from_file(key)?)?;
                if let Some(schema) = &self.schema {
                    options = options.schema(schema)?;
                }
                Ok(Named::Postgres(Box::new(options)))
            }
            // What follows may be a password.
            _ => Err(format!(
                "the store `{scheme}:` is not built in: expected memory:, sqlite:PATH or postgres://…"
            )
            .into()),
        }
    }

    /// Opens the store and gives it to the builder.
    pub(crate) async fn open(&self, builder: WebhooksBuilder) -> Result<WebhooksBuilder, Failed> {
        Ok(match self.named()? {
            Named::Memory => builder.store(MemoryStore::new()),
            Named::Sqlite(options) => builder.store(options.open().await?),
            Named::Postgres(options) => builder.store(options.connect().await?),
        })
    }

    /// Makes and changes the tables, or only says what that would do.
    pub(crate) async fn migrate(&self, dry_run: bool) -> Result<String, Failed> {
        Ok(match (self.named()?, dry_run) {
            (Named::Memory, _) => NO_TABLES.to_owned(),
            (Named::Sqlite(options), true) => listed(&options.pending_migrations().await?, TO_DO),
            (Named::Sqlite(options), false) => listed(&options.run_migrations().await?, DONE),
            (Named::Postgres(options), true) => listed(&options.pending_migrations().await?, TO_DO),
            (Named::Postgres(options), false) => listed(&options.run_migrations().await?, DONE),
        })
    }

    /// Checks that the tables are as this version needs them.
    pub(crate) async fn validate(&self) -> Result<String, Failed> {
        match self.named()? {
            Named::Memory => return Ok(NO_TABLES.to_owned()),
            Named::Sqlite(options) => options.validate().await?,
            Named::Postgres(options) => options.validate().await?,
        }
        Ok("the tables are as they should be".to_owned())
    }
}

const NO_TABLES: &str = "memory: has no tables";
const TO_DO: &str = "to do";
const DONE: &str = "done";

/// Migrations, a line for each.
fn listed(migrations: &[Migration], word: &str) -> String {
    if migrations.is_empty() {
        return "nothing to do".to_owned();
    }
    let lines: Vec<String> = migrations
        .iter()
        .map(|migration| format!("{word}: {} {}", migration.number, migration.name))
        .collect();
    lines.join("\n")
}

/// Ends as for any other flag that is wrong: with 2, and a line that says why.
fn wrong(kind: ErrorKind, why: &str) -> ! {
    crate::args::Args::command().error(kind, why).exit()
}

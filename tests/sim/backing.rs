//! What the nodes of a simulation share: a model, or a file of SQLite that each opens for itself.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use tempfile::TempDir;
use webhooks_core::{
    env::Env,
    store::{
        SecretsKey, Store,
        conformance::{Chance, Crash, InlineSqlite, ModelStore, ModelTransaction, Synchronous},
        sqlite::{SqliteOptions, rusqlite::Connection},
    },
};

/// Which store a simulation is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Model,
    Sqlite,
}

/// So often a process looks for what others wrote. Every look costs real time.
const LOOK: Duration = Duration::from_secs(1);

/// What the nodes share.
pub(crate) enum Backing {
    Model(ModelStore),
    Sqlite(TempDir, SecretsKey),
}

/// What a process has for itself.
#[derive(Clone)]
enum Own {
    Model(ModelStore),
    Inline(InlineSqlite, PathBuf),
}

/// A transaction of the application's.
pub(crate) enum Transaction {
    Model(ModelTransaction),
    /// It holds up all who write: it is to be over before any time passes.
    Sqlite(Connection),
}

/// A process's own handle.
#[derive(Clone)]
pub(crate) struct Handle {
    pub(crate) store: Arc<dyn Store>,
    own: Own,
    /// It is to be killed right after a commit.
    after: Arc<AtomicBool>,
}

impl Backing {
    pub(crate) fn new(kind: Kind, env: &Env) -> Self {
        match kind {
            Kind::Model => Self::Model(ModelStore::new()),
            Kind::Sqlite => {
                let directory = tempfile::tempdir().unwrap();
                let key = SecretsKey::generate(env);
                Self::Sqlite(directory, key)
            }
        }
    }

    /// A handle of another process.
    pub(crate) fn open(&self, env: &Env) -> Handle {
        match self {
            Self::Model(store) => Handle {
                store: Arc::new(store.clone()),
                own: Own::Model(store.clone()),
                after: Arc::default(),
            },
            Self::Sqlite(directory, key) => {
                let path = directory.path().join("webhooks.db");
                let options = SqliteOptions::new(&path)
                    .secrets_key(key.clone())
                    .env(env.clone());
                // What survives the machine is not simulated.
                let store = InlineSqlite::open(options, Synchronous::Off).unwrap();
                let store = store.look_every(LOOK);
                Handle {
                    store: Arc::new(store.clone()),
                    own: Own::Inline(store, path),
                    after: Arc::default(),
                }
            }
        }
    }
}

impl Handle {
    fn inline(&self) -> Option<&InlineSqlite> {
        match &self.own {
            Own::Model(_) => None,
            Own::Inline(inline, _) => Some(inline),
        }
    }

    /// Begins a transaction of the application's.
    pub(crate) fn begin(&self) -> Transaction {
        match &self.own {
            Own::Model(model) => Transaction::Model(model.begin()),
            Own::Inline(_, path) => {
                let connection = Connection::open(path).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Transaction::Sqlite(connection)
            }
        }
    }

    /// The process is killed: at once, or at one of its next commits, before or after it.
    pub(crate) fn crash(&self, chance: &mut Chance) -> Option<&'static str> {
        let inline = self.inline()?;
        let nth = 1 + chance.below(3) as u64;
        let (word, at) = match chance.below(3) {
            0 => ("killed before a commit", Some(Crash::BeforeCommit)),
            1 => {
                self.after.store(true, Relaxed);
                ("killed after a commit", Some(Crash::AfterCommit))
            }
            _ => ("killed between commits", None),
        };
        match at {
            Some(at) => inline.crash_at(nth, at),
            None => inline.crash(),
        }
        Some(word)
    }

    /// Whether what failed may have been committed: its process was killed before it heard of that.
    pub(crate) fn may_be_done(&self) -> bool {
        self.is_killed() && self.after.load(Relaxed)
    }

    /// Whether it is a model, of which all is known.
    pub(crate) fn is_model(&self) -> bool {
        self.inline().is_none()
    }

    /// Whether the process is there no more.
    pub(crate) fn is_killed(&self) -> bool {
        self.inline().is_some_and(InlineSqlite::is_crashed)
    }

    /// The process is there no more.
    pub(crate) fn end(&self) {
        if let Some(inline) = self.inline() {
            inline.crash();
        }
    }
}

//! A directory with a database, and what can be seen of it from outside.

use std::{collections::BTreeMap, path::PathBuf, process::Command, time::Duration};

use tempfile::TempDir;
use webhooks_core::store::{
    SqliteStore,
    sqlite::{
        SqliteOptions,
        rusqlite::{Connection, Params},
    },
};

/// A directory of its own with a database, gone at the end.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The file with this name.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.file("webhooks.db")
    }

    pub(crate) fn options(&self) -> SqliteOptions {
        SqliteOptions::new(self.database())
    }

    pub(crate) async fn open(&self) -> SqliteStore {
        self.options().open().await.unwrap()
    }

    /// A connection as the application has one.
    pub(crate) fn connection(&self) -> Connection {
        let connection = Connection::open(self.database()).unwrap();
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection
    }

    /// What a query counts.
    pub(crate) fn count(&self, sql: &str, params: impl Params) -> usize {
        let connection = self.connection();
        let count: i64 = connection.query_row(sql, params, |row| row.get(0)).unwrap();
        usize::try_from(count).unwrap()
    }

    /// The names of all files.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.0.path()).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<String> = entries.map(name).collect();
        names.sort();
        names
    }

    /// The names of the locks of nodes.
    pub(crate) fn locks(&self) -> Vec<String> {
        let mut names = self.names();
        names.retain(|name| name.contains(".node-"));
        names
    }

    /// What is in all files. Not for a database that is open in this process: closing a file lets go of
    /// SQLite's locks on it.
    pub(crate) fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let read = |name: String| {
            let bytes = std::fs::read(self.file(&name)).unwrap();
            (name, bytes)
        };
        self.names().into_iter().map(read).collect()
    }

    /// What a crash at this moment would leave, in another place.
    pub(crate) fn crashed(&self) -> Self {
        let copy = Self::new();
        for name in self.names() {
            if !name.contains(".node-") && !name.ends_with("-shm") {
                // Another process copies: see above.
                let (from, to) = (self.file(&name), copy.file(&name));
                let copied = Command::new("cp").arg(from).arg(to).status().unwrap();
                assert!(copied.success());
            }
        }
        copy
    }
}

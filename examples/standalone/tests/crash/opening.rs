//! Databases that the program refuses to open: it says why, and changes nothing.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    os::unix::fs::{FileExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use serde_json::json;
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};
use webhooks_core::store::sqlite::rusqlite::Connection;

use crate::{
    PATIENCE,
    api::Event,
    program::{BINARY, Program, command, serving},
};

/// Nobody in particular, and not root.
const NOBODY: u32 = 65_534;

/// A database that has been at work: all of it in one file if it was closed, or pages of it in a log if
/// its process was killed.
struct Made {
    directory: TempDir,
}

impl Made {
    async fn closed() -> Self {
        let made = Self::empty();
        made.at_work().await.end().await;
        let connection = Connection::open(made.database()).unwrap();
        connection
            .query_row("SELECT count(*) FROM webhooks_messages", [], |_| Ok(()))
            .unwrap();
        connection.close().unwrap();
        assert!(!made.file("webhooks.db-wal").exists());
        made
    }

    async fn killed() -> Self {
        let made = Self::empty();
        made.at_work().await.kill().await;
        assert!(made.file("webhooks.db-wal").metadata().unwrap().len() > 0);
        made
    }

    fn empty() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("files")).unwrap();
        Self { directory }
    }

    async fn at_work(&self) -> Program {
        let log = self.directory.path().join("log");
        let mut program = Program::start(&self.database(), &log);
        let api = program.api().await;
        let paused = json!({ "id": "crm", "url": "http://127.0.0.1:9/", "events": ["*"] });
        api.attach(&paused).await;
        api.post("/webhooks/api/emitters/crm/pause", "{}").await;
        let body = json!({ "padding": "x".repeat(10_000) }).to_string();
        for n in 0..20 {
            let id = n.to_string();
            let event = Event {
                id: &id,
                name: "order.created",
                key: None,
                body: &body,
            };
            api.emit(&event).await.unwrap().unwrap();
        }
        program
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join("files").join(name)
    }

    fn database(&self) -> PathBuf {
        self.file("webhooks.db")
    }

    /// All files and their bytes, but for the index of the log: whoever reads a log makes it anew.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = fs::read_dir(self.directory.path().join("files")).unwrap();
        files
            .map(|file| file.unwrap().path())
            .map(|path| (path.clone(), fs::read(path).unwrap()))
            .filter(|(path, _)| path.extension() != Some(OsStr::new("db-shm")))
            .collect()
    }

    fn starting(&self) -> Command {
        let mut starting = command(BINARY);
        serving(&mut starting, &self.database());
        starting
    }

    /// It ends with 1 and one line that says all this, and no byte is another.
    async fn refused(&self, starting: &mut Command, why: &[&str]) {
        let before = self.files();
        let ended = timeout(PATIENCE, starting.output()).await.unwrap().unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        for why in why {
            assert!(said.contains(why), "no `{why}`: {said}");
        }
        eprint!("{said}");
        let after = self.files();
        assert!(before.keys().eq(after.keys()), "{:?}", after.keys());
        assert!(before == after, "the bytes of a file have changed");
    }
}

#[tokio::test]
async fn a_damaged_file_is_refused() {
    let name = "webhooks.db";
    let header = Made::closed().await;
    overwrite(&header.database(), 0, b"no database at all");
    header
        .refused(&mut header.starting(), &[name, "not an SQLite database"])
        .await;
    let truncated = Made::closed().await;
    let file = fs::File::options().write(true).open(truncated.database());
    let file = file.unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    truncated
        .refused(&mut truncated.starting(), &[name, "damaged"])
        .await;
    let overwritten = Made::closed().await;
    let middle = overwritten.database().metadata().unwrap().len() / 4096 / 2 * 4096;
    overwrite(&overwritten.database(), middle, &[0xa5; 4096]);
    overwritten
        .refused(&mut overwritten.starting(), &[name, "damaged"])
        .await;
}

#[tokio::test]
async fn tables_of_a_later_version_are_refused() {
    for made in [Made::closed().await, Made::killed().await] {
        let connection = Connection::open(made.database()).unwrap();
        let sql = "INSERT INTO webhooks_migrations VALUES (999, 'later', 0)";
        connection.execute_batch(sql).unwrap();
        connection.close().unwrap();
        let why = &[
            "webhooks.db",
            "version 999",
            "a later version of this library",
        ];
        made.refused(&mut made.starting(), why).await;
    }
}

#[tokio::test]
async fn another_key_or_none_is_refused() {
    for made in [Made::closed().await, Made::killed().await] {
        let key = made.file("webhooks.db.key");
        let away = made.directory.path().join("away");
        fs::rename(&key, &away).unwrap();
        let why = &["webhooks.db.key", "cannot be read"];
        made.refused(&mut made.starting(), why).await;
        let mut keygen = command(BINARY);
        let made_key = keygen.arg("keygen").arg(&key).output().await.unwrap();
        let other = String::from_utf8(made_key.stdout).unwrap();
        let why = &["webhooks.db", "sealed with the key", other.trim()];
        made.refused(&mut made.starting(), why).await;
        fs::rename(away, key).unwrap();
        Program::start(&made.database(), &made.directory.path().join("log"))
            .api()
            .await;
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_is_refused() {
    let read_only = "the file or its directory";
    for (made, why) in [
        (Made::empty(), "cannot be made: Permission denied"),
        (Made::closed().await, read_only),
        (Made::killed().await, read_only),
    ] {
        let binary = made.directory.path().join("standalone");
        fs::copy(BINARY, &binary).unwrap();
        let mut starting = command(binary.to_str().unwrap());
        serving(&mut starting, &made.database()).current_dir(&made.directory);
        let files = made.directory.path().join("files");
        // Root may write everywhere: then it is somebody else who starts it, and may read all.
        let mut modes = vec![
            (made.directory.path().to_owned(), 0o755),
            (files.clone(), 0o555),
        ];
        modes.extend(made.files().into_keys().map(|path| (path, 0o444)));
        for (path, mode) in modes {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        }
        if fs::write(files.join("probe"), "").is_ok() {
            fs::remove_file(files.join("probe")).unwrap();
            starting.uid(NOBODY);
        }
        made.refused(&mut starting, &["webhooks.db", why]).await;
        fs::set_permissions(files, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.write_all_at(bytes, at).unwrap();
}

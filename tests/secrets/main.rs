//! Secrets stay where they belong: in what is sent, and in the one answer that tells a new one.
//!
//! One test does everything with secrets that are known, collects whatever comes out, and looks for
//! them in it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod api;
mod log;
mod needles;
mod seen;
mod traffic;

use std::{net::IpAddr, process::Command, time::Duration};

use webhooks_core::{
    Webhooks,
    store::{SqliteStore, sqlite::SqliteOptions},
};

use self::{api::Api, needles::Needles, seen::Seen};

/// What is on the disk, the WAL included, as another process sees it.
fn files(directory: &std::path::Path, into: &std::path::Path) -> Vec<(String, Vec<u8>)> {
    let copied = Command::new("cp")
        .arg("-r")
        .args([directory, into])
        .status();
    assert!(copied.unwrap().success());
    let entries = std::fs::read_dir(into.join(directory.file_name().unwrap())).unwrap();
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        (name, std::fs::read(entry.path()).unwrap())
    };
    entries.map(read).collect()
}

async fn start(store: SqliteStore, seen: &Seen) -> Webhooks {
    let builder = Webhooks::builder()
        .allow_http()
        .allow_network(IpAddr::from([127, 0, 0, 1]))
        .store(store)
        .transport_layer(seen.of_attempts());
    seen.debug(&builder);
    let webhooks = builder.build().await.unwrap();
    seen.debug(&webhooks);
    webhooks
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_nowhere_else() {
    let log = log::Log::of_all();
    let seen = Seen::default();
    let needles = Needles::default();
    let directory = tempfile::tempdir().unwrap();
    let options = SqliteOptions::new(directory.path().join("webhooks.db"));
    seen.debug(&options);
    let store = options.clone().open().await.unwrap();
    seen.debug(&store);
    let webhooks = start(store.clone(), &seen).await;
    let api = Api::of(&webhooks).await;

    traffic::of_the_application(&webhooks, &seen, &needles).await;
    traffic::of_the_api(&api, &seen, &needles).await;
    traffic::errors(&webhooks, &api, &options, &seen, &needles).await;
    traffic::every_read_route(&webhooks, &api, &seen).await;
    traffic::debug_of_what_is_read(&webhooks, &store, &seen).await;

    let before = tempfile::tempdir().unwrap();
    let mut files_seen = files(directory.path(), before.path());
    assert!(files_seen.iter().any(|(name, _)| name == "webhooks.db-wal"));
    assert!(files_seen.iter().any(|(name, _)| name == "webhooks.db-shm"));
    store
        .backup_to(directory.path().join("backup.db"))
        .await
        .unwrap();
    webhooks.shutdown(Duration::from_secs(5)).await.unwrap();
    // A start reads everything there is.
    let again = start(options.open().await.unwrap(), &seen).await;
    assert_eq!(again.all_emitters().len(), webhooks.all_emitters().len());
    let after = tempfile::tempdir().unwrap();
    files_seen.extend(files(directory.path(), after.path()));

    let key = std::fs::read_to_string(directory.path().join("webhooks.db.key")).unwrap();
    let of_key = Needles::of_key(&key);
    needles.are_not_in("the log", &log.text());
    of_key.are_not_in("the log", &log.text());
    for text in seen.all() {
        needles.are_not_in("what was seen", text.as_bytes());
        of_key.are_not_in("what was seen", text.as_bytes());
    }
    for (name, bytes) in &files_seen {
        needles.are_not_in(name, bytes);
        if !name.ends_with(".key") {
            of_key.are_not_in(name, bytes);
        }
    }
    assert!(needles.were_sent(&seen), "nothing was sent with them");
    let log = String::from_utf8_lossy(&log.text()).into_owned();
    for part in ["webhooks::", "TRACE", "DEBUG"] {
        assert!(log.contains(part), "the log has no {part}");
    }
}

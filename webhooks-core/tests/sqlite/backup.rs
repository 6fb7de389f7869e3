//! Copies and checks of a database.

use std::process::Command;

use webhooks_core::{
    Backlog, ErrorKind, Webhooks,
    env::Env,
    store::{SecretsKey, sqlite::SqliteOptions},
};

use crate::{Place, Receiver, attached, builder, config, numbers, payload};

/// Emits until it is told to end; returns how many were taken.
async fn emit_to_the_end(webhooks: Webhooks, mut end: tokio::sync::oneshot::Receiver<()>) -> usize {
    let mut taken = 0;
    while end.try_recv().is_err() {
        webhooks.emit("a", &payload(taken)).await.unwrap();
        taken += 1;
    }
    taken
}

#[tokio::test]
async fn a_backup_is_what_was_stored_at_one_moment() {
    let place = Place::new();
    let receiver = Receiver::new();
    let store = place.open().await;
    let webhooks = builder(store.clone(), &receiver).build().await.unwrap();
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    let (end, ended) = tokio::sync::oneshot::channel();
    let emitting = tokio::spawn(emit_to_the_end(webhooks.clone(), ended));
    let stored = || place.count("SELECT count(*) FROM webhooks_messages", []);
    crate::wait_until(|| stored() >= 20).await;
    let before = stored();
    let backup = place.file("backup.db");
    store.backup_to(&backup).await.unwrap();
    end.send(()).unwrap();
    let taken = emitting.await.unwrap();
    let key = SecretsKey::from_file(place.file("webhooks.db.key")).unwrap();
    let copy = SqliteOptions::new(&backup)
        .secrets_key(key)
        .open()
        .await
        .unwrap();
    copy.integrity_check().await.unwrap();
    let late = Receiver::new();
    let of_copy = builder(copy, &late).build().await.unwrap();
    let count = of_copy.stats().await.unwrap().all.pending as usize;
    assert!(
        (before..=taken).contains(&count),
        "{before} <= {count} <= {taken}"
    );
    of_copy.restart("crm").await.unwrap();
    assert_eq!(late.wait_for(count).await, numbers(0..count));
    assert!(receiver.bodies().is_empty());
}

#[tokio::test]
async fn a_backup_replaces_nothing_and_needs_a_place() {
    let place = Place::new();
    let _webhooks = attached(&place, &Receiver::new()).await;
    let store = place.open().await;
    let existing = place.file("existing");
    std::fs::write(&existing, "as it was").unwrap();
    let before = place.names();
    for to in [
        existing.clone(),
        place.file("nowhere").join("backup.db"),
        "".into(),
        ":memory:".into(),
        "file:backup.db".into(),
    ] {
        let error = store.backup_to(&to).await.unwrap_err();
        let kind = error.kind();
        assert!(
            matches!(kind, ErrorKind::Store | ErrorKind::InvalidConfig),
            "{error}"
        );
    }
    assert_eq!(std::fs::read(existing).unwrap(), b"as it was");
    assert_eq!(place.names(), before);
    assert!(!std::path::Path::new(":memory:").exists());
}

#[tokio::test]
async fn a_backup_needs_the_key() {
    let place = Place::new();
    let _webhooks = attached(&place, &Receiver::new()).await;
    let store = place.open().await;
    let backup = place.file("backup.db");
    store.backup_to(&backup).await.unwrap();
    let error = SqliteOptions::new(&backup).open().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SecretsKey);
    let another = SecretsKey::generate(&Env::system());
    let error = SqliteOptions::new(&backup)
        .secrets_key(another)
        .open()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SecretsKey);
}

#[tokio::test]
async fn damage_is_found_while_the_store_is_open() {
    let place = Place::new();
    let webhooks = attached(&place, &Receiver::new()).await;
    webhooks.emit("a", &payload(0)).await.unwrap();
    webhooks.shutdown(crate::PATIENCE).await.unwrap();
    drop(webhooks);
    crate::wait_until(|| place.names().len() == 2).await;
    let store = place.open().await;
    store.integrity_check().await.unwrap();
    let database = place.database();
    let pages = database.metadata().unwrap().len() / 4_096;
    // Another process writes: see `Place::contents`.
    let damaged = Command::new("dd")
        .arg("if=/dev/zero")
        .arg(format!("of={}", database.display()))
        .args(["bs=4096", "seek=2", "conv=notrunc", "status=none"])
        .arg(format!("count={}", pages - 2))
        .status();
    assert!(damaged.unwrap().success());
    let error = store.integrity_check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert!(error.to_string().contains("damaged"), "{error}");
}

//! The files that a database is made of.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt as _;

use crate::{Place, Receiver, attached, payload};

#[tokio::test]
async fn nobody_else_may_use_any_file() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
    let store = place.open().await;
    store.backup_to(place.file("backup.db")).await.unwrap();
    let names = place.names();
    for end in ["", "-wal", "-shm", ".key"] {
        assert!(names.contains(&format!("webhooks.db{end}")), "{names:?}");
    }
    assert!(names.contains(&"backup.db".to_owned()), "{names:?}");
    assert_eq!(place.locks().len(), 1);
    for name in names {
        let mode = place.file(&name).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_link_leads_to_the_same_locks_and_key() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let link = place.file("link.db");
    std::os::unix::fs::symlink(place.database(), &link).unwrap();
    let store = webhooks_core::store::SqliteStore::open(&link)
        .await
        .unwrap();
    let second = crate::builder(store.clone(), &receiver);
    let second = second.build().await.unwrap();
    assert_eq!(place.locks().len(), 2);
    for name in place.locks() {
        assert!(name.starts_with("webhooks.db.node-"), "{name}");
    }
    assert!(!place.names().contains(&"link.db.key".to_owned()));
    // Neither takes the other for dead.
    for n in 0..10 {
        let node = [&webhooks, &second][n % 2];
        node.emit("a", &payload(n)).await.unwrap();
    }
    assert_eq!(receiver.wait_for(10).await, crate::numbers(0..10));
    store.integrity_check().await.unwrap();
}

#[tokio::test]
async fn after_the_end_the_database_and_its_key_are_left() {
    let place = Place::new();
    let webhooks = attached(&place, &Receiver::new()).await;
    webhooks.emit("a", &payload(0)).await.unwrap();
    webhooks.shutdown(crate::PATIENCE).await.unwrap();
    drop(webhooks);
    crate::wait_until(|| place.names() == ["webhooks.db", "webhooks.db.key"]).await;
}

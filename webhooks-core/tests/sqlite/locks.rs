//! The lock files of nodes.

use std::{fs::File, time::Duration};

use webhooks_core::store::Store as _;

use crate::{Place, Receiver, attached, builder, payload, wait_until};

#[tokio::test]
async fn the_lock_of_a_node_goes_with_its_store() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    assert_eq!(place.locks().len(), 1);
    let other = place.open().await;
    let second = builder(other.clone(), &receiver).build().await.unwrap();
    assert_eq!(place.locks().len(), 2);
    webhooks.shutdown(Duration::from_secs(5)).await.unwrap();
    drop(webhooks);
    wait_until(|| place.locks().len() == 1).await;
    drop(second);
    drop(other);
    wait_until(|| place.locks().is_empty()).await;
}

#[tokio::test]
async fn the_locks_of_nodes_that_were_killed_are_cleaned_up_and_those_of_others_stay() {
    let place = Place::new();
    let receiver = Receiver::new();
    let running = attached(&place, &receiver).await;
    let held = place.locks();
    let stale = place.file("webhooks.db.node-00000000000040008000000000000001");
    File::create(&stale).unwrap();
    // As another process holds it, whose node is not noted yet.
    let fresh = place.file("webhooks.db.node-00000000000040008000000000000002");
    let lock = File::create(&fresh).unwrap();
    lock.lock().unwrap();
    let other = File::create(place.file("webhooks.db.node-notes")).unwrap();
    other.sync_all().unwrap();
    let store = place.open().await;
    store.version().await.unwrap();
    assert!(!stale.exists(), "nobody holds it");
    assert!(fresh.exists() && place.file(&held[0]).exists());
    assert!(place.file("webhooks.db.node-notes").exists(), "not ours");
    running.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn webhooks_that_are_dropped_leave_their_work_to_the_next_at_once() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
    // The emitter is leased, and what comes now is left over.
    let emitting = builder(place.open().await, &receiver).deliver(false);
    let emitting = emitting.build().await.unwrap();
    drop(webhooks);
    wait_until(|| place.locks().len() == 1).await;
    emitting.emit("a", &payload(1)).await.unwrap();
    let started = tokio::time::Instant::now();
    let _next = attached(&place, &receiver).await;
    receiver.wait_for(2).await;
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "it waited for the lease to end"
    );
}

//! Forgetting, part by part.

use std::time::Duration;

use webhooks_core::{
    Backlog, ErrorKind, Event, Jitter, RetryPolicy, Webhooks,
    delivery::DeliveryKey,
    env::{Env, Timestamp},
    event::IdempotencyKey,
    store::{Prune, Receipt, SqliteStore, Store as _},
};

use crate::{Place, Receiver, attached, config, payload, wait_until};

const NEVER: Timestamp = Timestamp::from_micros(0);

fn now() -> Timestamp {
    Env::system().now()
}

fn later() -> Timestamp {
    now().saturating_add(Duration::from_secs(3_600))
}

/// Forgets what settled before this; returns how many deliveries and payloads, and in how many calls.
async fn prune(store: &SqliteStore, prune: Prune) -> (usize, usize, usize) {
    let (mut deliveries, mut payloads, mut calls) = (0, 0, 0);
    loop {
        let pruned = store.prune(prune).await.unwrap();
        assert!(pruned.deliveries <= prune.limit && pruned.payloads <= prune.limit);
        deliveries += pruned.deliveries;
        payloads += pruned.payloads;
        calls += 1;
        if !pruned.more {
            return (deliveries, payloads, calls);
        }
    }
}

fn settled_before(before: Timestamp) -> Prune {
    Prune {
        settled_before: before,
        payloads_before: None,
        idempotency_before: NEVER,
        limit: 100,
        now: now(),
    }
}

fn rows(place: &Place, table: &str) -> usize {
    place.count(&format!("SELECT count(*) FROM webhooks_{table}"), [])
}

fn delivered(place: &Place) -> usize {
    place.count(
        "SELECT count(*) FROM webhooks_deliveries WHERE state = 1",
        [],
    )
}

fn events(name: &str, count: usize) -> Vec<Event> {
    let event = |n| Event::new(name, &payload(n)).unwrap();
    (0..count).map(event).collect()
}

fn key(receipt: &Receipt) -> DeliveryKey {
    DeliveryKey {
        message_id: receipt.message_id,
        emitter: "crm".try_into().unwrap(),
    }
}

#[tokio::test]
async fn old_deliveries_that_are_pending_are_passed_over() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    webhooks.attach("kept", ["kept"], config()).await.unwrap();
    webhooks.upsert("crm", ["a"], config()).await.unwrap();
    webhooks.pause("kept", Backlog::Keep).await.unwrap();
    webhooks.emit_batch(events("kept", 1_200)).await.unwrap();
    webhooks.emit_batch(events("a", 250)).await.unwrap();
    webhooks.emit_batch(events("kept", 600)).await.unwrap();
    wait_until(|| delivered(&place) == 250).await;
    let store = place.open().await;
    let (deliveries, _, calls) = prune(&store, settled_before(later())).await;
    assert_eq!((deliveries, calls), (250, 3));
    assert_eq!(
        (rows(&place, "deliveries"), rows(&place, "messages")),
        (1_800, 1_800)
    );
    // Where it went on from does not matter for what settles later.
    webhooks.restart("kept").await.unwrap();
    wait_until(|| delivered(&place) == 1_800).await;
    let (deliveries, ..) = prune(&store, settled_before(later())).await;
    assert_eq!((deliveries, rows(&place, "messages")), (1_800, 0));
    let all = webhooks.stats().await.unwrap().all;
    assert_eq!((all.pending, all.total.delivered), (0, 2_050));
}

/// Webhooks whose `crm` tries twice, at once.
async fn trying_twice(place: &Place, receiver: &Receiver) -> Webhooks {
    let webhooks = attached(place, receiver).await;
    let soon = Duration::from_millis(1);
    let retry = RetryPolicy::exponential(soon, soon)
        .jitter(Jitter::None)
        .max_attempts(2);
    webhooks
        .upsert("crm", ["*"], config().retry(retry))
        .await
        .unwrap();
    webhooks
}

#[tokio::test]
async fn attempts_and_messages_go_with_their_last_delivery() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = trying_twice(&place, &receiver).await;
    webhooks.attach("kept", ["a"], config()).await.unwrap();
    webhooks.pause("kept", Backlog::Keep).await.unwrap();
    receiver.answer_with([500, 500]);
    webhooks.emit("a", &payload(0)).await.unwrap();
    let dead = || {
        place.count(
            "SELECT count(*) FROM webhooks_deliveries WHERE state = 2",
            [],
        )
    };
    wait_until(|| dead() == 1).await;
    assert_eq!(
        (rows(&place, "attempts"), rows(&place, "deliveries")),
        (1, 2)
    );
    let store = place.open().await;
    assert_eq!(prune(&store, settled_before(later())).await.0, 1);
    assert_eq!(
        (rows(&place, "attempts"), rows(&place, "deliveries")),
        (0, 1)
    );
    assert_eq!(rows(&place, "messages"), 1, "another delivery needs it");
    webhooks.restart("kept").await.unwrap();
    wait_until(|| delivered(&place) == 1).await;
    assert_eq!(prune(&store, settled_before(later())).await.0, 1);
    assert_eq!(
        (rows(&place, "messages"), rows(&place, "deliveries")),
        (0, 0)
    );
}

#[tokio::test]
async fn what_was_sent_again_counts_from_its_last_end() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let mut receipts = Vec::new();
    for n in 0..3 {
        receipts.push(webhooks.emit("a", &payload(n)).await.unwrap());
    }
    wait_until(|| delivered(&place) == 3).await;
    let first_end = now();
    webhooks.redeliver(key(&receipts[1]), false).await.unwrap();
    webhooks.redeliver(key(&receipts[2]), true).await.unwrap();
    wait_until(|| delivered(&place) == 4).await;
    let store = place.open().await;
    assert_eq!(prune(&store, settled_before(first_end)).await.0, 2);
    assert!(
        webhooks
            .delivery(key(&receipts[0]))
            .await
            .unwrap()
            .is_none()
    );
    let again = webhooks.delivery(key(&receipts[1])).await.unwrap().unwrap();
    assert_eq!(again.attempts.len(), 2);
    assert_eq!(delivered(&place), 2);
}

#[tokio::test]
async fn payloads_are_erased_before_their_deliveries() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let receipt = webhooks.emit("a", &payload(0)).await.unwrap();
    webhooks.emit_batch(events("a", 700)).await.unwrap();
    wait_until(|| delivered(&place) == 701).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    let store = place.open().await;
    let payloads = Prune {
        payloads_before: Some(later()),
        ..settled_before(NEVER)
    };
    assert_eq!(prune(&store, payloads).await, (0, 701, 8));
    let left = place.count(
        "SELECT count(*) FROM webhooks_messages WHERE body IS NOT NULL",
        [],
    );
    assert_eq!(left, 1, "that of the pending one");
    let error = webhooks.redeliver(key(&receipt), false).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadErased);
    assert_eq!(prune(&store, payloads).await.1, 0);
}

#[tokio::test]
async fn all_old_keys_are_forgotten_however_many() {
    let place = Place::new();
    let webhooks = Webhooks::builder().store(place.open().await);
    let webhooks = webhooks.transport(Receiver::new()).build().await.unwrap();
    let keyed = |n: usize| {
        let key = IdempotencyKey::new(format!("key-{n}")).unwrap();
        Event::new("a", &payload(n)).unwrap().idempotency_key(key)
    };
    webhooks.emit_batch((0..2_500).map(keyed)).await.unwrap();
    assert_eq!(rows(&place, "idempotency"), 2_500);
    let store = place.open().await;
    let keys = Prune {
        idempotency_before: later(),
        ..settled_before(NEVER)
    };
    prune(&store, keys).await;
    assert_eq!(rows(&place, "idempotency"), 0);
}

//! Events that repeat an idempotency key.

use webhooks_core::{ErrorKind, Event, Tenant, event::IdempotencyKey};
use webhooks_tests::Receiver;

use super::builder;
use crate::{config, numbers, payload, settled};

/// An event with this number, and with this idempotency key.
fn keyed(n: usize, key: &str) -> Event {
    let key = IdempotencyKey::new(key).unwrap();
    Event::new("a", &payload(n)).unwrap().idempotency_key(key)
}

#[tokio::test]
async fn a_key_that_repeats_is_answered_with_the_first_receipt_and_delivers_nothing() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let first = webhooks.emit_with(keyed(1, "key")).await.unwrap();
    assert_eq!(first.deliveries, 1);
    settled(&webhooks).await;
    assert_eq!(webhooks.emit_with(keyed(1, "key")).await.unwrap(), first);
    webhooks.emit_with(keyed(2, "another")).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([1, 2]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_events_with_one_key_at_once_one_is_delivered() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    settled(&webhooks).await;
    let emit = |_| {
        let webhooks = webhooks.clone();
        tokio::spawn(async move { webhooks.emit_with(keyed(1, "key")).await })
    };
    let tasks: Vec<_> = (0..16).map(emit).collect();
    let mut receipts = Vec::new();
    for task in tasks {
        receipts.push(task.await.unwrap().unwrap());
    }
    receipts.dedup();
    assert_eq!(receipts.len(), 1);
    assert_eq!(settled(&webhooks).await.len(), 2);
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn a_key_that_repeats_with_another_event_or_payload_is_an_error() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.emit_with(keyed(1, "key")).await.unwrap();
    let renamed = Event::new("b", &payload(1))
        .unwrap()
        .idempotency_key(IdempotencyKey::new("key").unwrap());
    for other in [keyed(2, "key"), renamed] {
        let error = webhooks.emit_with(other).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::IdempotencyMismatch);
        assert!(error.is_conflict());
    }
    assert_eq!(settled(&webhooks).await.len(), 1);
    assert_eq!(receiver.bodies(), numbers([1]));
}

#[tokio::test]
async fn a_key_belongs_to_its_tenant() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let tenants = [None, Some("acme"), Some("other")];
    let tenants = tenants.map(|name| name.map(|name| Tenant::new(name).unwrap()));
    for (n, tenant) in tenants.iter().enumerate() {
        let config = config(&receiver).tenant(tenant.clone());
        webhooks
            .attach(format!("crm-{n}"), ["*"], config)
            .await
            .unwrap();
    }
    for (n, tenant) in tenants.iter().enumerate() {
        let event = keyed(n, "key").tenant(tenant.clone());
        assert_eq!(webhooks.emit_with(event).await.unwrap().deliveries, 1);
    }
    settled(&webhooks).await;
    let mut bodies = receiver.bodies();
    bodies.sort();
    assert_eq!(bodies, numbers(0..3));
}

#[tokio::test]
async fn a_key_is_remembered_of_an_event_that_nobody_listened_to() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let first = webhooks.emit_with(keyed(1, "key")).await.unwrap();
    assert_eq!(first.deliveries, 0);
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    assert_eq!(webhooks.emit_with(keyed(1, "key")).await.unwrap(), first);
    let error = webhooks.emit_with(keyed(2, "key")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IdempotencyMismatch);
    webhooks.emit_with(keyed(3, "another")).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([3]));
}

#[tokio::test]
async fn a_key_that_repeats_within_a_batch_has_one_receipt_and_one_delivery() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let batch = [keyed(1, "one"), keyed(2, "two"), keyed(1, "one")];
    let receipts = webhooks.emit_batch(batch).await.unwrap();
    assert_eq!(receipts[0], receipts[2]);
    assert_ne!(receipts[0], receipts[1]);
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(1..3));
}

#[tokio::test]
async fn a_mismatched_key_leaves_its_event_out_of_a_batch_and_no_other() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.emit_with(keyed(0, "key")).await.unwrap();
    let batch = [keyed(1, "one"), keyed(9, "key"), keyed(2, "two")];
    let error = webhooks.emit_batch(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::IdempotencyMismatch);
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..3));
}

//! What happens at the bounds of a store in memory.

use webhooks_core::{
    Backlog, ErrorKind, Event, MemoryStore, Webhooks,
    delivery::{DeadReason, DeliveryKey, DeliveryState},
    store::{MemoryLimits, Reason},
};
use webhooks_tests::Receiver;

use crate::{becomes, builder, config, numbers, payload, record, settled, wait_until};

async fn webhooks(limits: MemoryLimits) -> Webhooks {
    let store = MemoryStore::with_limits(limits);
    builder().store(store).build().await.unwrap()
}

#[tokio::test]
async fn a_full_queue_makes_its_own_deliveries_dead_and_fails_nobody_elses() {
    let webhooks = webhooks(MemoryLimits::default().pending_per_emitter(2)).await;
    let (full, other) = (Receiver::start().await, Receiver::start().await);
    webhooks.attach("crm", ["*"], config(&full)).await.unwrap();
    webhooks
        .attach("other", ["*"], config(&other))
        .await
        .unwrap();
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    let mut receipts = Vec::new();
    for n in 0..4 {
        let receipt = webhooks.emit("a", &payload(n)).await.unwrap();
        // So that the other's queue is never full.
        let key = DeliveryKey {
            message_id: receipt.message_id,
            emitter: "other".try_into().unwrap(),
        };
        wait_until(async || {
            let found = webhooks.delivery(key.clone()).await.unwrap();
            found.unwrap().record.state == DeliveryState::Delivered
        })
        .await;
        receipts.push(receipt);
    }
    let counts: Vec<usize> = receipts.iter().map(|receipt| receipt.deliveries).collect();
    assert_eq!(counts, [2, 2, 1, 1]);
    let dead = record(&webhooks, &receipts[2]).await;
    assert_eq!(dead.reason, Some(Reason::Dead(DeadReason::QueueFull)));
    let again = webhooks.redeliver(dead.key.clone(), false).await;
    assert_eq!(again.unwrap_err().kind(), ErrorKind::QueueFull);
    webhooks.restart("crm").await.unwrap();
    becomes(&webhooks, &receipts[1], DeliveryState::Delivered).await;
    webhooks.redeliver(dead.key, false).await.unwrap();
    becomes(&webhooks, &receipts[2], DeliveryState::Delivered).await;
    assert_eq!(full.bodies(), numbers(0..3));
    assert_eq!(other.bodies(), numbers(0..4));
}

#[tokio::test]
async fn a_full_store_refuses_an_event_whole_and_takes_it_later() {
    let webhooks = webhooks(MemoryLimits::default().pending(3)).await;
    let receiver = Receiver::start().await;
    for id in ["one", "two"] {
        webhooks.attach(id, ["*"], config(&receiver)).await.unwrap();
        webhooks.pause(id, Backlog::Keep).await.unwrap();
    }
    webhooks.emit("a", &payload(0)).await.unwrap();
    let error = webhooks.emit("a", &payload(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueFull);
    assert!(error.is_retryable());
    let batch = (2..4).map(|n| Event::new("a", &payload(n)).unwrap());
    let error = webhooks.emit_batch(batch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueFull);
    for id in ["one", "two"] {
        webhooks.restart(id).await.unwrap();
    }
    assert_eq!(settled(&webhooks).await.len(), 2);
    assert_eq!(receiver.bodies(), numbers([0, 0]));
    webhooks.emit("a", &payload(4)).await.unwrap();
    assert_eq!(settled(&webhooks).await.len(), 4);
}

//! Whichever call it is that fails, nothing that was acknowledged is lost.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use webhooks_core::{
    Backlog, Error, Event, MemoryStore, Receipt, Webhooks,
    delivery::{DeliveryKey, DeliveryState},
    event::IdempotencyKey,
    store::{
        DeliveryFilter, Store,
        conformance::{Fault, FaultStore},
    },
};

use crate::{Receiver, body, build, config, retried};

/// No life is longer, faults or not.
const PATIENCE: Duration = Duration::from_secs(300);
const EVENTS: usize = 5;

#[tokio::test(start_paused = true)]
async fn whichever_call_to_the_memory_store_fails_nothing_is_lost() {
    any_call_may_fail(async || MemoryStore::new()).await;
}

#[tokio::test(start_paused = true)]
async fn however_often_the_memory_store_fails_nothing_is_lost() {
    many_calls_may_fail(async || MemoryStore::new(), 100).await;
}

/// Lets the first call fail, then the second, until there are no more.
async fn any_call_may_fail<S: Store>(fresh: impl AsyncFn() -> S) {
    let late = Fault::Delayed(Duration::from_secs(2));
    for fault in [Fault::Refused, Fault::Lost, late] {
        for n in 1.. {
            let store = FaultStore::new(fresh().await);
            store.strike_nth(n, fault);
            life(&store, &format!("call {n}, {fault:?}")).await;
            if store.fired() == 0 {
                assert!(n > 20, "a life has more calls: {n}");
                break;
            }
        }
    }
}

/// Lets many calls fail, as these seeds say.
async fn many_calls_may_fail<S: Store>(fresh: impl AsyncFn() -> S, seeds: u64) {
    let mut fired = 0;
    for seed in 0..seeds {
        let store = FaultStore::new(fresh().await);
        store.strike_at_random(seed, 4);
        life(&store, &format!("seed {seed}")).await;
        fired += store.fired();
    }
    assert!(fired > seeds, "{fired}");
}

async fn life<S: Store>(store: &FaultStore<S>, what: &str) {
    let ended = timeout(PATIENCE, live(store, what)).await;
    assert!(ended.is_ok(), "{what}: it does not come to an end");
}

async fn live<S: Store>(store: &FaultStore<S>, what: &str) {
    let receiver = Receiver::answering(|sent, before| match (sent, before) {
        (1, 0) => 500,
        _ => 200,
    });
    let webhooks = retried(async || build(store, &receiver).await).await;
    acknowledged(
        async || webhooks.attach("crm", ["*"], config()).await.map(drop),
        what,
    )
    .await;
    assert!(webhooks.is_started("crm"), "{what}: attached");
    let mut receipts = Vec::new();
    for n in 0..3 {
        receipts.push(emit(&webhooks, n, what).await);
    }
    retried(async || webhooks.pause("crm", Backlog::Keep).await).await;
    assert!(!webhooks.is_started("crm"), "{what}: paused");
    for n in 3..EVENTS {
        receipts.push(emit(&webhooks, n, what).await);
    }
    acknowledged(async || webhooks.restart("crm").await.map(drop), what).await;
    assert!(webhooks.is_started("crm"), "{what}: restarted");
    all_delivered(store, &receipts).await;

    let first = DeliveryKey {
        message_id: receipts[0].message_id,
        emitter: "crm".try_into().unwrap(),
    };
    retried(async || webhooks.redeliver(first.clone(), false).await).await;
    while receiver.taken()[&body(0)] < 2 {
        sleep(Duration::from_millis(5)).await;
    }
    all_delivered(store, &receipts).await;

    retried(async || webhooks.detach("crm").await).await;
    assert!(webhooks.emitter("crm").is_none(), "{what}: detached");
    let report = retried(async || webhooks.shutdown(Duration::from_secs(10)).await).await;
    assert_eq!((report.pending, report.cut), (0, 0), "{what}");

    let bodies: Vec<String> = (0..EVENTS).map(body).collect();
    assert_eq!(receiver.first_arrivals(), bodies, "{what}");
    for (body, taken) in receiver.taken() {
        // A redelivery that is asked for again may be one more.
        let once = taken == 1 || (body == bodies[0] && taken >= 2);
        assert!(once, "{what}: {body} was taken {taken} times");
    }
}

async fn emit(webhooks: &Webhooks, n: usize, what: &str) -> Receipt {
    let event = || {
        let key = IdempotencyKey::new(format!("key-{n}")).unwrap();
        Event::new("order.created", &serde_json::json!({ "n": n }))
            .unwrap()
            .idempotency_key(key)
    };
    let receipt = retried(async || webhooks.emit_with(event()).await).await;
    assert_eq!(receipt.deliveries, 1, "{what}: event {n}");
    receipt
}

/// Looks into the store itself, past the faults.
async fn all_delivered<S: Store>(store: &FaultStore<S>, receipts: &[Receipt]) {
    loop {
        let all = store.inner().deliveries(DeliveryFilter::default());
        let all = all.await.unwrap().items;
        let delivered = receipts.iter().filter(|receipt| {
            let mut found = all.iter();
            found.any(|record| {
                record.key.message_id == receipt.message_id
                    && record.state == DeliveryState::Delivered
            })
        });
        if delivered.count() == receipts.len() {
            assert_eq!(all.len(), receipts.len(), "each event is there once");
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

/// Makes a call until the store takes it; it finds itself done already if its answer was lost.
async fn acknowledged(call: impl AsyncFn() -> Result<(), Error>, what: &str) {
    let mut asked = 0;
    loop {
        asked += 1;
        match call().await {
            Ok(()) => return,
            Err(error) if error.is_conflict() && asked > 1 => return,
            Err(error) => assert!(error.is_retryable(), "{what}: {error:?}"),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

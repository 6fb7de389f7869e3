//! End to end, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]
#![allow(clippy::duplicate_mod, reason = "suites run over several stores")]

mod addressing;
mod bad_input;
mod concurrency;
mod isolation;
mod outbox;
mod parity;
mod payloads;
mod queue_full;
mod requests;
mod responses;
mod storm;
mod tls;
mod transport;
mod transport_faults;
mod wire;

/// The suites that hold over any store, over the one in memory.
#[path = "."]
mod on_memory {
    use webhooks_core::WebhooksBuilder;
    use webhooks_tests::TestStore;

    mod giving_up;
    mod handover;
    mod idempotency;
    mod in_flight;
    mod lanes;
    mod late_answers;
    mod lifecycle;
    mod nodes;
    mod order;
    mod pause;
    mod scope;
    mod shutdown;
    mod staging;
    mod startup;
    mod stress;
    mod upsert;

    /// How much a new store costs, so that suites which make many make fewer.
    const COST: usize = 1;

    /// A new store, that outlives the webhooks of a test.
    fn store() -> TestStore {
        TestStore::default()
    }

    /// Webhooks over a new store, that may go to this machine.
    fn builder() -> WebhooksBuilder {
        crate::builder()
    }
}

/// The same suites, over SQLite.
#[path = "."]
mod on_sqlite {
    use webhooks_core::WebhooksBuilder;
    use webhooks_tests::TestStore;

    mod giving_up;
    mod handover;
    mod idempotency;
    mod in_flight;
    mod lanes;
    mod late_answers;
    mod lifecycle;
    mod nodes;
    mod order;
    mod pause;
    mod scope;
    mod shutdown;
    mod staging;
    mod startup;
    mod stress;
    mod upsert;

    const COST: usize = 5;

    fn store() -> TestStore {
        TestStore::sqlite()
    }

    fn builder() -> WebhooksBuilder {
        crate::builder().store(store())
    }
}

/// The same suites, over PostgreSQL.
#[path = "."]
mod on_postgres {
    use webhooks_core::WebhooksBuilder;
    use webhooks_tests::TestStore;

    mod giving_up;
    mod handover;
    mod idempotency;
    mod in_flight;
    mod lanes;
    mod late_answers;
    mod lifecycle;
    mod nodes;
    mod order;
    mod pause;
    mod scope;
    mod shutdown;
    mod staging;
    mod startup;
    mod stress;
    mod upsert;

    const COST: usize = 5;

    fn store() -> TestStore {
        TestStore::postgres()
    }

    fn builder() -> WebhooksBuilder {
        crate::builder().store(store())
    }
}

use std::{net::IpAddr, time::Duration};

use webhooks_core::{
    EmitterConfig, Event, Jitter, Receipt, RetryPolicy, Webhooks, WebhooksBuilder,
    delivery::{DeliveryKey, DeliveryState},
    store::{DeliveryFilter, DeliveryRecord, Reason},
};
use webhooks_tests::{Gate, Receiver, Reply};

use self::requests::{ask, serve};

/// Webhooks that may go to this machine.
fn builder() -> WebhooksBuilder {
    Webhooks::builder()
        .allow_http()
        .allow_network(IpAddr::from([127, 0, 0, 1]))
}

/// An emitter to this receiver, with three attempts and short waits.
fn config(receiver: &Receiver) -> EmitterConfig {
    let (initial, max) = (Duration::from_millis(20), Duration::from_millis(40));
    let retry = RetryPolicy::exponential(initial, max)
        .jitter(Jitter::None)
        .max_attempts(3);
    EmitterConfig::new(receiver.url("/hooks"))
        .unwrap()
        .retry(retry)
}

fn payload(n: usize) -> serde_json::Value {
    serde_json::json!({ "n": n })
}

/// Waits until nothing is pending; returns the log, oldest first.
async fn settled(webhooks: &Webhooks) -> Vec<DeliveryRecord> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let filter = DeliveryFilter {
            limit: 250,
            ..DeliveryFilter::default()
        };
        let mut items = webhooks.deliveries(filter).await.unwrap().items;
        if items.iter().all(|record| record.next_attempt_at.is_none()) {
            items.reverse();
            return items;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "still pending: {items:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until this holds.
async fn wait_until(holds: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while !holds().await {
        assert!(
            tokio::time::Instant::now() < deadline,
            "it does not come to hold"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// A receiver that answers the first request so once the gate is open, and 200 to all others.
async fn holding_the_first(status: u16) -> (Receiver, Gate) {
    let gate = Gate::closed();
    let held = gate.clone();
    let receiver = Receiver::scripted(move |_, before| match before {
        0 => Reply::status(status).held_by(&held),
        _ => Reply::status(200),
    })
    .await;
    (receiver, gate)
}

/// Emits `count` events to `crm`, and waits until the first of them is in flight.
async fn emit_until_in_flight(
    webhooks: &Webhooks,
    receiver: &Receiver,
    count: usize,
) -> Vec<Receipt> {
    webhooks
        .attach("crm", ["*"], config(receiver))
        .await
        .unwrap();
    let mut receipts = Vec::new();
    for n in 0..count {
        receipts.push(webhooks.emit("a", &payload(n)).await.unwrap());
    }
    receiver.wait_for(1).await;
    receipts
}

async fn record(webhooks: &Webhooks, receipt: &Receipt) -> DeliveryRecord {
    let key = DeliveryKey {
        message_id: receipt.message_id,
        emitter: "crm".try_into().unwrap(),
    };
    webhooks.delivery(key).await.unwrap().unwrap().record
}

async fn standing(webhooks: &Webhooks, receipt: &Receipt) -> (DeliveryState, Option<&'static str>) {
    let record = record(webhooks, receipt).await;
    (record.state, record.reason.map(Reason::as_str))
}

/// Waits until this is the state of a delivery.
async fn becomes(webhooks: &Webhooks, receipt: &Receipt, state: DeliveryState) {
    wait_until(async || record(webhooks, receipt).await.state == state).await;
}

fn numbers(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|n| payload(n).to_string())
        .collect()
}

/// Once it returns, what was brought to work before had its turn.
async fn another_emitter_delivers(webhooks: &Webhooks) -> Receiver {
    let receiver = Receiver::start().await;
    webhooks
        .attach("another", ["another"], config(&receiver))
        .await
        .unwrap();
    let event = Event::new("another", &payload(0)).unwrap();
    webhooks.emit_to("another", event).await.unwrap();
    receiver.wait_for(1).await;
    receiver
}

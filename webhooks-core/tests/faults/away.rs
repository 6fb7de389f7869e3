//! A store that is away for longer than a node lives without it.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::StatusCode;
use tokio::time::{Instant, sleep, sleep_until};
use webhooks_core::{
    MemoryStore, Webhooks,
    store::{
        DeliveryFilter, Store as _,
        conformance::{Fault, FaultStore, Operation},
    },
    transport::{AttemptError, AttemptRequest, AttemptResponse},
};

use crate::{Receiver, body, build, build_at, clock, config};

/// A node lives so long without its store, and starts nothing in the last second of it.
const LIFETIME: Duration = Duration::from_secs(12);
const MARGIN: Duration = Duration::from_secs(1);

/// From now on the store takes nothing of this kind.
fn strike_all(store: &FaultStore<MemoryStore>, operations: &[Operation], fault: Fault) {
    for operation in operations {
        for n in 1..=1_000 {
            store.strike_nth_of(*operation, n, fault);
        }
    }
}

async fn emit(webhooks: &Webhooks, n: usize) {
    let receipt = webhooks.emit("a", &serde_json::json!({ "n": n })).await;
    assert_eq!(receipt.unwrap().deliveries, 1);
}

/// Waits until nothing is pending.
async fn settled(store: &FaultStore<MemoryStore>) {
    loop {
        let all = store.inner().deliveries(DeliveryFilter::default());
        let all = all.await.unwrap().items;
        if all.iter().all(|record| record.settled_at.is_some()) {
            return;
        }
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_had_its_success_meanwhile_is_not_sent_again() {
    let store = FaultStore::new(MemoryStore::new());
    let receiver = Receiver::answering(|_, _| 200);
    let webhooks = build(&store, &receiver).await.unwrap();
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    strike_all(
        &store,
        &[Operation::Renew, Operation::Settle],
        Fault::Refused,
    );
    for n in 0..5 {
        emit(&webhooks, n).await;
    }
    sleep(2 * LIFETIME).await;
    assert_eq!(receiver.taken().len(), 5);
    // Nothing starts any more, but what is emitted is kept.
    emit(&webhooks, 5).await;
    sleep(LIFETIME).await;
    assert_eq!(receiver.taken().len(), 5);
    store.heal();
    settled(&store).await;
    for n in 0..6 {
        assert_eq!(receiver.taken()[&body(n)], 1, "{n}");
    }
}

/// Notes when it is dropped.
struct InFlight(Arc<Mutex<Option<Instant>>>);

impl Drop for InFlight {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = Some(Instant::now());
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_dropped_in_time_though_the_store_does_not_answer() {
    let (store, dropped) = (FaultStore::new(MemoryStore::new()), Arc::default());
    let in_flight = InFlight(Arc::clone(&dropped));
    let first = Mutex::new(Some(in_flight));
    let first = Arc::new(first);
    let transport = tower::service_fn(move |_: AttemptRequest| {
        let held = first.lock().unwrap().take();
        async move {
            if let Some(_in_flight) = held {
                std::future::pending::<()>().await;
            }
            Ok::<_, AttemptError>(AttemptResponse::new(StatusCode::OK))
        }
    });
    let builder = Webhooks::builder().store(store.clone());
    let webhooks = builder.transport(transport).build().await.unwrap();
    // One renewal, at the start, and those that will not come back in time.
    let renewed = Instant::now();
    let late = Fault::Delayed(5 * LIFETIME);
    strike_all(&store, &[Operation::Renew], late);
    let config = config().timeout(Duration::from_secs(60));
    webhooks.attach("crm", ["*"], config).await.unwrap();
    emit(&webhooks, 0).await;
    sleep(LIFETIME - MARGIN).await;
    sleep(Duration::from_millis(10)).await;
    let dropped = *dropped.lock().unwrap();
    let dropped = dropped.expect("it is in flight still");
    assert!(dropped - renewed >= LIFETIME - MARGIN);
    store.heal();
    settled(&store).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_node_owned_is_taken_over_within_15_seconds() {
    for offset in (0..6_000).step_by(250) {
        let store = FaultStore::new(MemoryStore::new());
        let failing = Receiver::answering(|sent, _| if sent == 0 { 200 } else { 500 });
        let receiver = Receiver::answering(|_, _| 200);
        let (clock, started) = (clock(), Instant::now());
        let node = build_at(&store, &failing, &clock).await.unwrap();
        node.attach("crm", ["*"], config()).await.unwrap();
        emit(&node, 0).await;
        sleep(Duration::from_millis(offset)).await;
        let other = build_at(&store, &receiver, &clock).await.unwrap();
        // It dies as late as it can: when it has just been renewed, as it is every 3 s.
        sleep_until(started + Duration::from_millis(9_001)).await;
        emit(&node, 1).await;
        drop(node);
        let died = Instant::now();
        let taken = || receiver.taken().contains_key(&body(1));
        while !taken() && died.elapsed() < 2 * LIFETIME {
            sleep(Duration::from_millis(1)).await;
        }
        let elapsed = died.elapsed();
        assert!(elapsed <= Duration::from_secs(15), "{offset}: {elapsed:?}");
        drop(other);
    }
}

//! Everything that can be done with one emitter, done at once from many tasks.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{JoinHandle, yield_now},
    time::timeout,
};
use webhooks_core::{
    Backlog, EmitterConfig, ErrorKind, Receipt, Webhooks, delivery::DeliveryState,
    store::DeliveryRecord,
};
use webhooks_tests::{Received, Receiver};

use crate::{builder, config, payload, settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_called_at_once_every_delivery_ends_once_and_the_emitter_goes_on() {
    for seed in 0..5 {
        let storm = storm(seed, Detaching::Too).await;
        check_final_states(&storm.emitted, &storm.log);
        let delivered: HashSet<String> = storm
            .log
            .iter()
            .filter(|one| one.state == DeliveryState::Delivered)
            .map(|one| one.key.message_id.to_string())
            .collect();
        assert_eq!(delivered, ids(&storm.received), "what was received");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_changes_all_the_time_loses_nothing() {
    let Storm { emitted, log, .. } = reconfigured(60).await;
    check_final_states(&emitted, &log);
    assert!(log.iter().all(|one| one.state == DeliveryState::Delivered));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_called_at_once_nothing_is_received_twice_and_the_order_holds() {
    for seed in 0..5 {
        let storm = storm(seed, Detaching::Never).await;
        let received = &storm.received;
        assert_eq!(ids(received).len(), received.len(), "something came twice");
        check_order(&storm.emitted, received);
        assert!(received.iter().all(|received| received.in_flight == 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_changes_all_the_time_sends_nothing_twice() {
    for _ in 0..10 {
        let Storm { received, .. } = reconfigured(60).await;
        assert_eq!(ids(&received).len(), received.len(), "something came twice");
    }
}

/// An emitted event: its receipt, and when its `emit` began and returned, on a clock that only
/// counts.
struct Emitted {
    receipt: Receipt,
    began: u64,
    returned: u64,
}

/// What a storm left.
struct Storm {
    emitted: Vec<Emitted>,
    log: Vec<DeliveryRecord>,
    received: Vec<Received>,
}

/// Whether the emitter is detached, too. What is attached under its ID after that is another one,
/// which owes the one before no order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detaching {
    Too,
    Never,
}

/// A task emits `count` events while the emitter gets ever other lanes.
async fn reconfigured(count: usize) -> Storm {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let emitting = emit_in_turn(&webhooks, &receiver, Arc::default(), count);
    let mut lanes = 1;
    while !emitting.is_finished() {
        lanes = lanes % 4 + 1;
        let config = config(&receiver).lanes(lanes);
        webhooks.upsert("crm", ["*"], config).await.unwrap();
        yield_now().await;
    }
    Storm {
        emitted: emitting.await.unwrap(),
        log: settled(&webhooks).await,
        received: receiver.received(),
    }
}

/// Three tasks emit while four others do everything to the emitter that can be done; after them it
/// runs, and gets one event more.
async fn storm(seed: u64, detaching: Detaching) -> Storm {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let clock = Arc::new(AtomicU64::new(0));
    let emitting: Vec<_> = (0..3)
        .map(|_| emit_in_turn(&webhooks, &receiver, clock.clone(), 40))
        .collect();
    let controlling: Vec<_> = (0..4)
        .map(|task| control(&webhooks, &receiver, seed * 4 + task, detaching))
        .collect();
    let mut emitted = Vec::new();
    for task in emitting {
        emitted.extend(task.await.unwrap());
    }
    for task in controlling {
        task.await.unwrap();
    }
    webhooks
        .upsert("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    if let Err(error) = webhooks.restart("crm").await {
        assert_eq!(error.kind(), ErrorKind::AlreadyRunning);
    }
    let last = emit_in_turn(&webhooks, &receiver, clock, 1).await.unwrap();
    assert_eq!(last[0].receipt.deliveries, 1);
    settled(&webhooks).await;
    // What was discarded in flight may have its outcome still to come.
    let report = webhooks.shutdown(Duration::from_secs(5)).await.unwrap();
    assert_eq!((report.pending, report.cut), (0, 0));
    let log = settled(&webhooks).await;
    let id = last[0].receipt.message_id;
    let arrived = log.iter().find(|one| one.key.message_id == id).unwrap();
    assert_eq!(arrived.state, DeliveryState::Delivered);
    emitted.extend(last);
    Storm {
        emitted,
        log,
        received: receiver.received(),
    }
}

/// Emits `count` events, each once the one before is stored.
fn emit_in_turn(
    webhooks: &Webhooks,
    receiver: &Receiver,
    clock: Arc<AtomicU64>,
    count: usize,
) -> JoinHandle<Vec<Emitted>> {
    let webhooks = webhooks.clone();
    let mut arrivals = receiver.arrivals();
    tokio::spawn(async move {
        let mut emitted = Vec::new();
        for n in 0..count {
            let began = clock.fetch_add(1, Ordering::SeqCst);
            let receipt = webhooks.emit("a", &payload(n)).await.unwrap();
            let returned = clock.fetch_add(1, Ordering::SeqCst);
            emitted.push(Emitted {
                receipt,
                began,
                returned,
            });
            next(&mut arrivals).await;
        }
        emitted
    })
}

/// Does one thing after another to the emitter, by chance.
fn control(
    webhooks: &Webhooks,
    receiver: &Receiver,
    seed: u64,
    detaching: Detaching,
) -> JoinHandle<()> {
    let (webhooks, url) = (webhooks.clone(), receiver.url("/hooks"));
    let mut arrivals = receiver.arrivals();
    tokio::spawn(async move {
        let config = || EmitterConfig::new(&url).unwrap();
        let mut random = seed;
        for _ in 0..40 {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let done = match (random >> 33) % 16 {
                0 if detaching == Detaching::Too => webhooks.detach("crm").await,
                1 => webhooks.pause("crm", Backlog::Discard).await.map(drop),
                0 | 2..=4 => webhooks.pause("crm", Backlog::Keep).await.map(drop),
                5..=7 => webhooks.attach("crm", ["*"], config()).await.map(drop),
                8..=9 => webhooks.upsert("crm", ["a", "b"], config()).await.map(drop),
                _ => webhooks.restart("crm").await.map(drop),
            };
            if let Err(error) = done {
                let expected = [
                    ErrorKind::AlreadyExists,
                    ErrorKind::AlreadyPresent,
                    ErrorKind::AlreadyRunning,
                    ErrorKind::NotFound,
                ];
                assert!(expected.contains(&error.kind()), "{error:?}");
            }
            next(&mut arrivals).await;
        }
    })
}

/// Waits until a request arrives, so that it is in flight while something else happens; a paused
/// emitter sends none, so not for long.
async fn next(arrivals: &mut watch::Receiver<usize>) {
    let _ = timeout(Duration::from_millis(1), arrivals.changed()).await;
}

/// Every event that was queued has one delivery, and that has ended.
fn check_final_states(emitted: &[Emitted], log: &[DeliveryRecord]) {
    let mut records: HashMap<_, Vec<_>> = HashMap::new();
    for record in log {
        records
            .entry(record.key.message_id)
            .or_default()
            .push(record);
    }
    for Emitted { receipt, .. } in emitted {
        let records = records.remove(&receipt.message_id).unwrap_or_default();
        let states: Vec<_> = records.iter().map(|record| record.state).collect();
        match receipt.deliveries {
            // It met a detach or a discard on its way to the store, or nobody listened.
            0 => assert!(states.iter().all(|one| *one == DeliveryState::Discarded)),
            _ => assert!(
                states.len() == 1 && states[0] != DeliveryState::Pending,
                "{states:?}"
            ),
        }
    }
    assert!(records.is_empty(), "nobody emitted {records:?}");
}

/// Nothing arrives before an event that was stored when its own `emit` began.
fn check_order(emitted: &[Emitted], received: &[Received]) {
    let by_id: HashMap<String, &Emitted> = emitted
        .iter()
        .map(|emitted| (emitted.receipt.message_id.to_string(), emitted))
        .collect();
    let mut latest_begin = 0;
    for one in received {
        let emitted = by_id[one.header("webhook-id")];
        assert!(
            emitted.returned > latest_begin,
            "an event that was emitted later came first"
        );
        latest_begin = latest_begin.max(emitted.began);
    }
}

fn ids(received: &[Received]) -> HashSet<String> {
    received
        .iter()
        .map(|received| received.header("webhook-id").to_owned())
        .collect()
}

//! Many tasks that start, stop and change the same emitters at once, while others emit.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use tokio::{task::JoinSet, time::timeout};
use webhooks_core::{
    Backlog, EmitterConfig, ErrorKind, Event, Ordering, RetryPolicy, Webhooks,
    delivery::DeliveryState,
    event::OrderingKey,
    store::{DeliveryFilter, DeliveryRecord, conformance::Chance},
};
use webhooks_tests::{Receiver, Reply, TestStore};

use super::COST;
use crate::{builder, payload};

const TASKS: u64 = 10;
/// So many rounds over the store in memory, fewer where a round takes longer.
const ROUNDS: usize = 50 / COST;
const EMITTERS: [&str; 2] = ["crm", "erp"];
/// Whatever hangs has not come to its end by then.
const PATIENCE: Duration = Duration::from_secs(60);

async fn node(store: &TestStore) -> Webhooks {
    builder().store(store.clone()).build().await.unwrap()
}

/// Answers one of four attempts with a failure.
async fn flapping() -> Receiver {
    Receiver::scripted(|_, before| Reply::status(if before % 4 == 3 { 500 } else { 200 })).await
}

fn patient(receiver: &Receiver, id: &str) -> EmitterConfig {
    let (initial, max) = (Duration::from_millis(2), Duration::from_millis(10));
    EmitterConfig::new(receiver.url(&format!("/{id}")))
        .unwrap()
        .retry(RetryPolicy::exponential(initial, max).max_attempts(1_000))
}

/// What a call may answer where others do the opposite at the same moment.
fn is_expected(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::AlreadyExists
            | ErrorKind::AlreadyPresent
            | ErrorKind::AlreadyRunning
            | ErrorKind::NotFound
            | ErrorKind::ShuttingDown
    )
}

/// Does something to one of the emitters.
async fn disturb(webhooks: &Webhooks, receiver: &Receiver, chance: &mut Chance) {
    let id = chance.one_of(&EMITTERS);
    let lanes = chance.one_of(&[1, 8]);
    let changed = patient(receiver, id).lanes(lanes);
    let answer = match chance.below(8) {
        0 | 1 => webhooks.pause(id, Backlog::Keep).await.map(drop),
        2 => webhooks.pause(id, Backlog::Discard).await.map(drop),
        3 | 4 => webhooks.restart(id).await.map(drop),
        5 => webhooks.upsert(id, ["*"], changed).await.map(drop),
        6 => webhooks.detach(id).await,
        _ => webhooks.attach(id, ["*"], changed).await.map(drop),
    };
    if let Err(error) = answer {
        assert!(is_expected(error.kind()), "{error:?}");
    }
}

/// All tasks, to their end.
async fn all(mut tasks: JoinSet<()>) {
    let ended = timeout(PATIENCE, async {
        while let Some(ended) = tasks.join_next().await {
            ended.unwrap();
        }
    });
    assert!(ended.await.is_ok(), "something hangs");
}

/// Every delivery there is, once none is pending; emitters are attached and started until then.
async fn drained(webhooks: &Webhooks, receiver: &Receiver) -> Vec<DeliveryRecord> {
    let drained = timeout(PATIENCE, async {
        loop {
            for id in EMITTERS {
                webhooks
                    .upsert(id, ["*"], patient(receiver, id))
                    .await
                    .unwrap();
                drop(webhooks.restart(id).await);
            }
            if webhooks.stats().await.unwrap().all.pending == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(drained.await.is_ok(), "something stays pending");
    let (mut records, mut cursor) = (Vec::new(), None);
    loop {
        let filter = DeliveryFilter {
            limit: 250,
            cursor,
            ..DeliveryFilter::default()
        };
        let page = webhooks.deliveries(filter).await.unwrap();
        records.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return records;
        }
    }
}

/// What was acknowledged is there with all its deliveries; each was taken once, or discarded by what was done.
fn check(receipts: &[(String, usize)], records: &[DeliveryRecord], receiver: &Receiver) {
    let mut states: BTreeMap<&str, Vec<DeliveryState>> = BTreeMap::new();
    for record in records {
        let id = record.delivery_id.as_str();
        states.entry(id).or_default().push(record.state);
    }
    let mut taken: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (nth, request) in receiver.received().iter().enumerate() {
        let emitter = request.path.clone();
        let id = request.header("x-webhooks-delivery").to_owned();
        *taken.entry((emitter, id)).or_default() += usize::from(nth % 4 != 3);
    }
    for (id, deliveries) in receipts {
        let found = states.get(id.as_str()).map_or(&[][..], |found| found);
        // Beside those that were queued there may be some that came too late for their emitter.
        assert!(found.len() >= *deliveries, "{id}: {deliveries}, {found:?}");
        for state in found {
            let ended = matches!(state, DeliveryState::Delivered | DeliveryState::Discarded);
            assert!(ended, "{id}: {state:?}");
        }
    }
    for (key, times) in taken {
        assert!(times <= 1, "{key:?} was taken {times} times");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_starts_stops_and_changes_emitters_nothing_is_lost_or_repeated() {
    let store = super::store();
    let webhooks = node(&store).await;
    let receiver = Arc::new(flapping().await);
    for id in EMITTERS {
        webhooks
            .attach(id, ["*"], patient(&receiver, id))
            .await
            .unwrap();
    }
    let receipts = Arc::new(std::sync::Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let (webhooks, receiver) = (webhooks.clone(), receiver.clone());
        let receipts = receipts.clone();
        tasks.spawn(async move {
            let mut chance = Chance::new(task);
            for n in 0..ROUNDS {
                disturb(&webhooks, &receiver, &mut chance).await;
                let receipt = webhooks.emit("a", &payload(n)).await.unwrap();
                let acknowledged = (receipt.delivery_id.to_string(), receipt.deliveries);
                receipts.lock().unwrap().push(acknowledged);
            }
        });
    }
    all(tasks).await;
    let records = drained(&webhooks, &receiver).await;
    let receipts = receipts.lock().unwrap().clone();
    check(&receipts, &records, &receiver);
    let stats = webhooks.stats().await.unwrap().all;
    let count = |state| {
        records
            .iter()
            .filter(|record| record.state == state)
            .count() as u64
    };
    let (delivered, discarded) = (stats.total.delivered, stats.total.discarded);
    assert_eq!(delivered, count(DeliveryState::Delivered), "{stats:?}");
    // What was discarded in flight, and taken all the same, was both.
    assert!(discarded >= count(DeliveryState::Discarded), "{stats:?}");
    let report = webhooks.shutdown(PATIENCE).await.unwrap();
    assert_eq!((report.pending, report.cut), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_that_come_all_at_once_end_once_and_the_next_start_goes_on() {
    let store = super::store();
    let receiver = Arc::new(flapping().await);
    let first = node(&store).await;
    for id in EMITTERS {
        first
            .attach(id, ["*"], patient(&receiver, id))
            .await
            .unwrap();
    }
    first.shutdown(PATIENCE).await.unwrap();
    let mut receipts = Vec::new();
    for round in 0..ROUNDS as u64 {
        let webhooks = node(&store).await;
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (webhooks, receiver) = (webhooks.clone(), receiver.clone());
            let mut chance = Chance::new(round * TASKS + task);
            tasks.spawn(async move {
                let mut acknowledged = Vec::new();
                for n in 0..3 {
                    match webhooks.emit("a", &payload(n)).await {
                        Ok(receipt) => {
                            acknowledged.push((receipt.delivery_id.to_string(), receipt.deliveries))
                        }
                        Err(error) => assert_eq!(error.kind(), ErrorKind::ShuttingDown),
                    }
                    disturb(&webhooks, &receiver, &mut chance).await;
                }
                webhooks.begin_shutdown();
                webhooks.shutdown(Duration::from_secs(5)).await.unwrap();
                acknowledged
            });
        }
        let ended = timeout(PATIENCE, tasks.join_all()).await;
        receipts.extend(
            ended
                .expect("an end comes to its end")
                .into_iter()
                .flatten(),
        );
    }
    let webhooks = node(&store).await;
    let records = drained(&webhooks, &receiver).await;
    check(&receipts, &records, &receiver);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_configuration_that_changes_all_the_time_keeps_each_keys_order() {
    const KEYS: usize = 4;
    let store = super::store();
    let webhooks = node(&store).await;
    let receiver = Arc::new(flapping().await);
    webhooks
        .attach("crm", ["*"], patient(&receiver, "crm"))
        .await
        .unwrap();
    let events = 100 / COST;
    let mut tasks = JoinSet::new();
    for key in 0..KEYS {
        let webhooks = webhooks.clone();
        tasks.spawn(async move {
            for n in 0..events {
                let key = OrderingKey::new(format!("k{key}")).unwrap();
                let event = Event::new("a", &payload(n)).unwrap().ordering_key(key);
                let receipt = webhooks.emit_with(event).await.unwrap();
                assert_eq!(receipt.deliveries, 1);
            }
        });
    }
    let (changing, other) = (webhooks.clone(), receiver.clone());
    tasks.spawn(async move {
        for n in 0..ROUNDS {
            let config = patient(&other, "crm")
                .lanes([1, 8, 3][n % 3])
                .ordering(Ordering::Strict)
                .timeout(Duration::from_secs(5 + n as u64))
                .description(n.to_string());
            changing.upsert("crm", ["*"], config).await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    all(tasks).await;
    let drained = timeout(PATIENCE, async {
        while webhooks.stats().await.unwrap().all.pending > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    assert!(drained.await.is_ok(), "something stays pending");
    // Of each key the events came first in the order in which they were emitted, and each was taken once.
    let mut first: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen = BTreeSet::new();
    let mut keys = BTreeMap::new();
    let (mut cursor, mut records) = (None, Vec::new());
    loop {
        let page = webhooks
            .deliveries(DeliveryFilter {
                limit: 250,
                cursor,
                ..DeliveryFilter::default()
            })
            .await
            .unwrap();
        records.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    for record in &records {
        assert_eq!(record.state, DeliveryState::Delivered);
        let key = record.ordering_key.as_ref().unwrap().to_string();
        keys.insert(record.delivery_id.to_string(), key);
    }
    for request in receiver.received() {
        let id = request.header("x-webhooks-delivery").to_owned();
        if seen.insert(id.clone()) {
            first
                .entry(keys[&id].clone())
                .or_default()
                .push(request.body);
        }
    }
    assert_eq!(first.len(), KEYS);
    for bodies in first.values() {
        assert_eq!(*bodies, crate::numbers(0..events));
    }
}

//! A database that is away: what was acknowledged is delivered, in order, and what was not says that it may
//! be tried again.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep},
};
use webhooks_core::{
    ErrorKind, Event, Webhooks,
    env::Env,
    store::{SecretsKey, postgres::PostgresOptions},
};
use webhooks_tests::{
    Receiver,
    postgres::{Cluster, Proxy},
};

use crate::place::{Place, builder, config, place, wait_until};

/// How long a call may take at most: patience and a statement.
const BOUND: Duration = Duration::from_secs(8);

fn hasty(options: PostgresOptions) -> PostgresOptions {
    options
        .patience(Duration::from_secs(2))
        .statement_timeout(Duration::from_secs(2))
}

async fn node_behind(place: &Place, proxy: &Proxy) -> Webhooks {
    let options = place.options_at(&proxy.url(place.schema.url()));
    let store = hasty(options).connect().await.unwrap();
    builder().store(store).build().await.unwrap()
}

/// One that emits one event after another, until it is stopped; returns the numbers that were acknowledged,
/// in their order.
struct Load {
    stop: Arc<AtomicBool>,
    task: JoinHandle<Vec<usize>>,
}

impl Load {
    fn start(node: &Webhooks) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (node, stopped) = (node.clone(), stop.clone());
        let task = tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            let mut n = 0;
            while !stopped.load(Ordering::Relaxed) {
                let event = Event::new("a", &serde_json::json!({ "n": n })).unwrap();
                let begun = Instant::now();
                match node.emit_with(event).await {
                    Ok(receipt) => {
                        assert_eq!(receipt.deliveries, 1);
                        acknowledged.push(n);
                    }
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Store, "{error:?}");
                        assert!(error.is_retryable());
                    }
                }
                assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
                n += 1;
            }
            acknowledged
        });
        Self { stop, task }
    }

    async fn stop(self) -> Vec<usize> {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.unwrap()
    }
}

/// Waits for all that was acknowledged, and checks the order in which it first arrived.
async fn arrive(receiver: &Receiver, acknowledged: &[usize]) {
    let first_arrivals = || {
        let mut seen = HashSet::new();
        let numbers = receiver.bodies().into_iter().map(|body| {
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            usize::try_from(body["n"].as_u64().unwrap()).unwrap()
        });
        numbers.filter(|n| seen.insert(*n)).collect::<Vec<_>>()
    };
    wait_until("all that was acknowledged arrives", async || {
        let arrived: HashSet<usize> = first_arrivals().into_iter().collect();
        acknowledged.iter().all(|n| arrived.contains(n))
    })
    .await;
    let known: HashSet<&usize> = acknowledged.iter().collect();
    let mut arrived = first_arrivals();
    // What was not acknowledged may have been stored all the same.
    arrived.retain(|n| known.contains(n));
    assert_eq!(arrived, acknowledged);
}

async fn shop(place: &Place, proxy: &Proxy) -> (Webhooks, Receiver) {
    let receiver = Receiver::start().await;
    let node = node_behind(place, proxy).await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    (node, receiver)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_stalls_loses_nothing() {
    let place = place!();
    let proxy = Proxy::start(place.schema.addr().await).await;
    let (node, receiver) = shop(&place, &proxy).await;
    let load = Load::start(&node);
    for stalled in [300, 3_000, 6_000] {
        sleep(Duration::from_millis(300)).await;
        proxy.stall();
        sleep(Duration::from_millis(stalled)).await;
        proxy.resume();
    }
    sleep(Duration::from_millis(500)).await;
    arrive(&receiver, &load.stop().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_is_cut_loses_nothing() {
    let place = place!();
    let proxy = Proxy::start(place.schema.addr().await).await;
    let (node, receiver) = shop(&place, &proxy).await;
    let load = Load::start(&node);
    for round in 0..30 {
        sleep(Duration::from_millis(60)).await;
        match round % 3 {
            0 => proxy.reset(),
            // An answer is lost, though what was asked is done.
            1 => proxy.cut_after(round * 7),
            _ => proxy.cut_after_from_client(round * 90),
        }
    }
    sleep(Duration::from_millis(500)).await;
    arrive(&receiver, &load.stop().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_flight_while_the_database_is_away_is_settled_later() {
    let place = place!();
    let proxy = Proxy::start(place.schema.addr().await).await;
    let (receiver, gate) = {
        let gate = webhooks_tests::Gate::closed();
        let held = gate.clone();
        let reply = move |_: &_, _| webhooks_tests::Reply::status(200).held_by(&held);
        (Receiver::scripted(reply).await, gate)
    };
    let node = node_behind(&place, &proxy).await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    let event = Event::new("a", &serde_json::json!({ "n": 0 })).unwrap();
    node.emit_with(event).await.unwrap();
    receiver.wait_for(1).await;
    proxy.refuse();
    proxy.reset();
    gate.open();
    sleep(Duration::from_secs(3)).await;
    let event = Event::new("a", &serde_json::json!({ "n": 1 })).unwrap();
    let refused = node.emit_with(event).await.unwrap_err();
    assert!(refused.is_retryable(), "{refused:?}");
    proxy.accept();
    let delivered = "SELECT count(*) FROM deliveries WHERE state = 1";
    wait_until("it is settled", async || place.count(delivered).await == 1).await;
    assert_eq!(receiver.bodies().len(), 1, "it is not sent twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_crashes_loses_nothing() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let key = SecretsKey::generate(&Env::system());
    let receiver = Receiver::start().await;
    let options = PostgresOptions::new(cluster.url(), key.clone()).unwrap();
    let store = hasty(options).connect().await.unwrap();
    let node = builder().store(store).build().await.unwrap();
    let other = PostgresOptions::new(cluster.url(), key).unwrap();
    let other = builder().store(hasty(other).connect().await.unwrap());
    let other = other.build().await.unwrap();
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    wait_until("the other knows it", async || other.is_started("crm")).await;
    let load = Load::start(&node);
    for _ in 0..3 {
        sleep(Duration::from_millis(500)).await;
        cluster.restart_immediate().await;
    }
    sleep(Duration::from_secs(1)).await;
    arrive(&receiver, &load.stop().await).await;
    drop(other);
}

//! Nodes whose wall clocks differ by seconds: leases go by the database's clock, and a node's own waits by
//! none.

use std::time::{Duration, Instant};

use webhooks_core::{
    EmitterConfig, Jitter, RetryPolicy, Webhooks,
    env::{Clock as _, Env, SystemClock, SystemRandom, Timestamp},
};
use webhooks_tests::{Receiver, Reply};

use crate::{
    place::{Place, builder, place, wait_until},
    world::World,
};

/// By so much they differ.
const APART: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(10);
/// A retry is made so long after the failure before it.
const WAIT: Duration = Duration::from_millis(300);
/// A retry that goes by the clocks of two nodes would be late by [`APART`].
const LATE: Duration = Duration::from_secs(5);
/// How many events are emitted before the lease moves, and after.
const HALF: usize = 30;
/// Each so many fails twice.
const FAILS: u64 = 6;

/// How a node's clock goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    Right,
    Ahead,
    Behind,
}

impl Going {
    fn env(self) -> Env {
        let now = move || -> Timestamp {
            let right = SystemClock.now();
            match self {
                Self::Right => right,
                Self::Ahead => right.saturating_add(APART),
                Self::Behind => right.saturating_sub(APART),
            }
        };
        Env::new(now, SystemRandom)
    }
}

async fn node(place: &Place, going: Going) -> Webhooks {
    let store = place.options().env(going.env()).connect().await.unwrap();
    let builder = builder().store(store).env(going.env());
    builder.build().await.unwrap()
}

fn config(receiver: &Receiver) -> EmitterConfig {
    let retry = RetryPolicy::exponential(WAIT, WAIT)
        .jitter(Jitter::None)
        .max_attempts(50);
    EmitterConfig::new(receiver.url("/hooks"))
        .unwrap()
        .retry(retry)
}

/// How the owner ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    ShutDown,
    Crash,
}

/// Emits on both in turn, ends the first, which owns the emitter, and emits on the other and one with the
/// first one's clock in turn.
async fn two_nodes(first: Going, second: Going, end: End) {
    let place = place!();
    let world = World::new();
    let receiver = world
        .receiver(|received, before| {
            let body: serde_json::Value = serde_json::from_str(&received.body).unwrap();
            let n = body["n"].as_u64().unwrap();
            let fails = n.is_multiple_of(FAILS) && before < 2;
            Reply::status(if fails { 500 } else { 200 })
        })
        .await;
    let owner = node(&place, first).await;
    owner.attach("crm", ["a"], config(&receiver)).await.unwrap();
    // It takes the emitter, before another is there to look for work.
    world.emit(&owner, 0).await.unwrap();
    world.delivered(1).await;
    let other = node(&place, second).await;
    wait_until("both know the emitter", async || other.is_started("crm")).await;
    for n in 1..HALF {
        let node = if n % 2 == 0 { &owner } else { &other };
        world.emit(node, n).await.unwrap();
    }
    match end {
        End::ShutDown => drop(owner.shutdown(GRACE).await.unwrap()),
        End::Crash => drop(owner),
    }
    world.fault();
    let moved = world.now();
    let third = node(&place, first).await;
    for n in HALF..2 * HALF {
        let node = if n % 2 == 0 { &third } else { &other };
        world.emit(node, n).await.unwrap();
    }
    for waited in [HALF, 2 * HALF] {
        world.delivered(waited).await;
    }
    let epochs = place.count("SELECT last_value FROM epoch").await;
    assert!(epochs >= 2, "the lease has moved");
    let summary = world.check();
    assert_eq!(summary.acknowledged, 2 * HALF);
    let took = world.now().saturating_sub(moved);
    eprintln!("{first:?}, {second:?}, {end:?}: all are there {took:?} after the owner's end");
    retries_keep_to_their_time(&world);
}

/// Between two attempts of the same node lies the wait, whatever its clock says.
fn retries_keep_to_their_time(world: &World) {
    let history = world.history();
    let moved = history.faults[0];
    let mut waits = Vec::new();
    for arrivals in history.deliveries().into_values() {
        for pair in arrivals.windows(2) {
            let of_one_node = pair[1].at < moved || pair[0].at > moved;
            if of_one_node {
                waits.push(pair[1].at - pair[0].at);
            }
        }
    }
    let (shortest, longest) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(*shortest >= WAIT && *longest < LATE, "{waits:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_is_ahead_hands_over_in_order() {
    two_nodes(Going::Ahead, Going::Right, End::ShutDown).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_owner_that_is_behind_hands_over_in_order() {
    two_nodes(Going::Behind, Going::Right, End::ShutDown).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_ahead_takes_over_in_order() {
    two_nodes(Going::Right, Going::Ahead, End::Crash).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_behind_takes_over_in_order() {
    two_nodes(Going::Right, Going::Behind, End::Crash).await;
}

/// By the clock of the one that emits, it is due in ten seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_node_that_is_ahead_emits_waits_for_nothing() {
    let place = place!();
    let receiver = Receiver::start().await;
    let owner = node(&place, Going::Right).await;
    owner.attach("crm", ["a"], config(&receiver)).await.unwrap();
    let ahead = node(&place, Going::Ahead).await;
    wait_until("both know the emitter", async || ahead.is_started("crm")).await;
    owner.emit("a", &serde_json::json!({})).await.unwrap();
    receiver.wait_for(1).await;
    let emitted = Instant::now();
    ahead.emit("a", &serde_json::json!({})).await.unwrap();
    receiver.wait_for(2).await;
    assert!(emitted.elapsed() < LATE);
}

/// By the clock of the one that takes over, the retry is due at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_keeps_to_its_time_where_one_that_is_ahead_takes_over() {
    const PAUSE: Duration = Duration::from_secs(3);
    let place = place!();
    let receiver =
        Receiver::scripted(|_, nth| Reply::status(if nth == 0 { 500 } else { 200 })).await;
    let owner = node(&place, Going::Right).await;
    let retry = RetryPolicy::exponential(PAUSE, PAUSE).jitter(Jitter::None);
    let config = config(&receiver).retry(retry);
    owner.attach("crm", ["a"], config).await.unwrap();
    owner.emit("a", &serde_json::json!({})).await.unwrap();
    receiver.wait_for(1).await;
    let failed = Instant::now();
    let settled = "SELECT count(*) FROM deliveries WHERE attempts = 1";
    wait_until("it is written down", async || {
        place.count(settled).await == 1
    })
    .await;
    owner.shutdown(GRACE).await.unwrap();
    let _ahead = node(&place, Going::Ahead).await;
    receiver.wait_for(2).await;
    let waited = failed.elapsed();
    // A node knows the database's clock to half a round trip.
    let exact = Duration::from_millis(100);
    assert!(
        waited + exact >= PAUSE && waited < PAUSE + LATE,
        "{waited:?}"
    );
}

//! Killed under load, at any moment, again and again.

use std::{sync::Mutex, time::Duration};

use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use webhooks_core::{
    env::Env,
    store::{Settled, SqliteStore, Store as _},
};
use webhooks_tests::{
    Receiver, Reply,
    history::{Answer, History, Moment, Summary, check},
};

use crate::{
    chance::Chance,
    load::Load,
    program::Program,
    world::{Emitter, World},
};

/// An outcome is in the store long before that, also on a slow machine.
pub(crate) const SETTLING: Duration = Duration::from_secs(2);
/// A dead node's lease would have 9 s or more to go.
const RESUMED: Duration = Duration::from_secs(5);
/// Slower than the clients, so that there is a backlog.
const SLOW: Duration = Duration::from_millis(8);
pub(crate) const DRAINED: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_arrives_in_order_however_often_it_is_killed() {
    let mut chance = Chance::from_environment();
    let rounds = rounds();
    let directory = tempfile::tempdir().unwrap();
    let (database, log) = (
        directory.path().join("webhooks.db"),
        directory.path().join("log"),
    );
    let world = World::new();
    let receiver = receiver(&world, &mut chance).await;
    let load = Load::start(&world, &mut chance);
    let mut resumed = Vec::new();
    for round in 0..rounds {
        let spawned = world.now();
        let mut program = Program::start(&database, &log);
        // Some do not live to see the end of their start.
        if round > 0 && chance.one_in(5) {
            sleep(Duration::from_millis(chance.below(60))).await;
        } else {
            let api = program.api().await;
            if round == 0 {
                world.attach(&api, &receiver).await;
            }
            world.api.send_replace(Some(api));
            if chance.one_in(2) && has_backlog(&world.history()) {
                resumed.push(first_of_backlog(&world, spawned, receiver.arrivals()).await);
            }
            sleep(Duration::from_millis(chance.below(500))).await;
        }
        program.kill().await;
        world.api.send_replace(None);
        receiver.quiet().await;
        let now = world.now();
        world.history().faults.push(now);
    }
    let mut program = Program::start(&database, &log);
    let api = program.api().await;
    world.api.send_replace(Some(api.clone()));
    load.stop().await;
    api.drained(drained_within(rounds)).await;
    let log = program.log();
    program.end().await;
    // Handlers panic where that was asked for.
    let panicked = |line: &&str| line.contains("panicked at") && !line.contains("events.rs");
    assert_eq!(log.lines().find(panicked), None);
    let history = world.history().clone();
    let summary = check(&history, SETTLING).unwrap();
    report(&history, &summary, &mut resumed);
    let store = SqliteStore::open(&database).await.unwrap();
    store.integrity_check().await.unwrap();
    let counts = store.stats(Env::system().now()).await.unwrap().all;
    let expected = Settled {
        delivered: summary.delivered as u64,
        ..Settled::default()
    };
    assert_eq!((counts.pending, counts.total), (0, expected));
}

/// How often something is killed.
pub(crate) fn rounds() -> usize {
    let rounds = std::env::var("WEBHOOKS_CRASH_ROUNDS");
    rounds.map_or(20, |rounds| rounds.parse().unwrap())
}

/// How long the backlog of the slow one may take after so many rounds: it grows with each.
pub(crate) fn drained_within(rounds: usize) -> Duration {
    DRAINED.max(DRAINED / 20 * u32::try_from(rounds).unwrap())
}

/// One that fails now and then, and another that is slow.
pub(crate) async fn receiver(world: &World, chance: &mut Chance) -> Receiver {
    let chance = Mutex::new(chance.fork());
    let fails = move || chance.lock().unwrap().one_in(20);
    let script = move |emitter: &Emitter| match emitter.id {
        "flaky" if fails() => Reply::status(500),
        "slow" => Reply::status(200).after(SLOW),
        _ => Reply::status(200),
    };
    world.receiver(script).await
}

/// Whether something that was acknowledged has not arrived.
fn has_backlog(history: &History) -> bool {
    let deliveries = history.deliveries();
    history.emits.iter().any(|(id, emit)| {
        let arrived = |emitter: &String| deliveries.contains_key(&(emitter.as_str(), id.as_str()));
        matches!(emit.answer, Answer::Receipt(..)) && !emit.targets.keys().all(arrived)
    })
}

/// Waits until something arrives that was emitted before this start; returns how long that took.
async fn first_of_backlog(
    world: &World,
    spawned: Moment,
    mut arrivals: watch::Receiver<usize>,
) -> Duration {
    let first = || {
        let history = world.history();
        let new = history.arrivals.iter().rev();
        new.take_while(|arrival| arrival.at >= spawned)
            .filter(|arrival| history.emits[&arrival.id].called < spawned)
            .map(|arrival| arrival.at - spawned)
            .min()
    };
    let found = async {
        loop {
            if let Some(first) = first() {
                return first;
            }
            arrivals.changed().await.unwrap();
        }
    };
    timeout(RESUMED, found).await.unwrap()
}

pub(crate) fn report(history: &History, summary: &Summary, resumed: &mut [Duration]) {
    resumed.sort_unstable();
    let repeated: usize = summary.repeated.iter().sum();
    eprintln!(
        "{} kills: {} events, {} acknowledged, {} unacknowledged that arrived; {} deliveries in {} \
         requests, {repeated} repeated, {} at most by one kill; back at work after {:?} (median of \
         {}), {:?} at most",
        history.faults.len(),
        history.emits.len(),
        summary.acknowledged,
        summary.unacknowledged,
        summary.delivered,
        history.arrivals.len(),
        summary.repeated.iter().max().unwrap_or(&0),
        resumed.get(resumed.len() / 2).unwrap_or(&Duration::ZERO),
        resumed.len(),
        resumed.last().unwrap_or(&Duration::ZERO),
    );
}

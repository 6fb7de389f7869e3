//! One simulation, from its seed to its verdict.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use tokio::{
    runtime::Builder,
    time::{sleep, timeout},
};
use webhooks_core::store::conformance::{Chance, Fault};
use webhooks_tests::history::check;

use crate::{
    backing::Kind,
    bug::Bug,
    ends::{idle_leases, take_ends},
    fleet::Fleet,
    work::Act,
    world::World,
};

/// What came of a simulation.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What went wrong.
    pub(crate) failures: Vec<String>,
    pub(crate) cover: BTreeMap<&'static str, u64>,
    pub(crate) trace: u64,
    /// How long it went on, by its own clock.
    pub(crate) time: Duration,
}

/// After the faults everything is delivered within this.
const RECOVERY: Duration = Duration::from_secs(30 * 60);
/// And no emitter is leased after this.
const IDLE: Duration = Duration::from_secs(70);
/// Each node's clock may differ from the store's by half of it; where the answer to its first renewal comes late,
/// by about half of the time that it took.
const SKEW: Duration = Duration::from_secs(1);
const UNSURE: Duration = Duration::from_secs(12);
/// When a node is killed, where that is the trial, and within what others take over from it: it is believed
/// alive for 12 s after its last renewal, and looked for each second.
const KILLED: Duration = Duration::from_secs(4);
const TAKEOVER: Duration = Duration::from_secs(15);

/// Which faults there are.
#[derive(Debug, Clone)]
pub(crate) enum Trial {
    /// Those that the seed has.
    Seed,
    /// No others than that the call fails before which so many went by.
    Strike(Arc<AtomicU64>, Fault),
    /// No others than that a node is killed.
    Kill,
}

/// Runs a simulation.
pub(crate) fn run(seed: u64, kind: Kind, bug: Option<Bug>) -> Outcome {
    run_trial(seed, kind, bug, Trial::Seed)
}

/// Runs a simulation with these faults.
pub(crate) fn run_trial(seed: u64, kind: Kind, bug: Option<Bug>, trial: Trial) -> Outcome {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let outcome = runtime.block_on(simulate(seed, kind, bug, trial));
    // What callers were left waiting for.
    drop(runtime);
    outcome
}

async fn simulate(seed: u64, kind: Kind, bug: Option<Bug>, trial: Trial) -> Outcome {
    let is_seed = matches!(trial, Trial::Seed);
    let kills = matches!(trial, Trial::Kill);
    let world = World::new(seed, !is_seed);
    let mut fleet = Fleet::new(&world, kind, bug, trial);
    let mut failures = Vec::new();
    live(&mut fleet, kills).await;
    fleet.heal();
    if timeout(RECOVERY, recover(&mut fleet)).await.is_err() {
        let stats = fleet.store.stats(world.wall()).await.unwrap();
        failures.push(format!("not quiet after {RECOVERY:?}: {stats:?}"));
    } else {
        sleep(IDLE).await;
        // Where the answer to a request for leases is lost, the node does not know that it has them: they
        // stay until somebody has work for them.
        if world.plan().is_calm && is_seed {
            failures.extend(idle_leases(&fleet));
        }
        for place in fleet.living() {
            let report = fleet.shut_down(place, Duration::from_secs(10)).await;
            if report != Some((0, 0)) {
                failures.push(format!("shutdown reports {report:?}"));
            }
        }
    }
    take_ends(&fleet).await;
    let mut seen = world.seen();
    let history = &mut seen.history;
    history.faults.sort_unstable();
    history.inside.reach = if world.plan().is_calm && is_seed {
        Duration::from_secs(4)
    } else {
        Duration::from_secs(60)
    };
    history.inside.in_flight = world.plan().in_flight;
    if world.plan().is_calm && is_seed {
        history.inside.slack = Some(world.plan().slack());
    }
    if world.plan().is_skewed {
        history.inside.skew = if world.plan().is_calm { SKEW } else { UNSURE };
    }
    if kills {
        history.inside.takeover = Some(TAKEOVER);
    }
    let oldest = world.plan().emitters.iter();
    let oldest = oldest.filter_map(|spec| Some((spec.id.clone(), spec.max_age?)));
    history.inside.max_age = oldest.collect();
    let most = world.plan().emitters.iter();
    history.inside.attempts_at_most = most.map(|spec| (spec.id.clone(), spec.attempts)).collect();
    if let Err(violations) = check(history, RECOVERY) {
        failures.extend(violations.iter().map(|violation| format!("{violation:?}")));
    }
    Outcome {
        failures,
        trace: seen.trace(),
        cover: seen.cover.clone(),
        time: world.now(),
    }
}

/// Callers call, nodes come and go.
async fn live(fleet: &mut Fleet, kills: bool) {
    let world = fleet.world.clone();
    for place in 0..world.plan().nodes {
        fleet.start(place).await;
    }
    for emitter in 0..world.plan().emitters.len() {
        call(fleet, Act::Attach(emitter));
    }
    let mut n = 0;
    while world.now() < world.plan().time {
        sleep(world.time_below(world.plan().pause)).await;
        n += 1;
        call(fleet, Act::draw(&world, n));
        if !world.plan().is_calm {
            befall(fleet).await;
        }
        if kills && world.now() > KILLED && fleet.living().len() == world.plan().nodes {
            let place = world.draw(|chance| chance.below(world.plan().nodes));
            fleet.crash(place).await;
        }
    }
    // What callers wait for ends with the faults.
    sleep(world.plan().time.min(Duration::from_secs(60))).await;
}

fn call(fleet: &mut Fleet, act: Act) {
    let (world, stills) = (fleet.world.clone(), fleet.stills.clone());
    if let Some(node) = fleet.any() {
        let caller = node.caller(&world);
        let call = caller.act(act);
        node.calls.spawn(stills.task(node.process, Box::pin(call)));
    }
}

/// Something happens to a node, once in a while.
async fn befall(fleet: &mut Fleet) {
    let world = fleet.world.clone();
    let place = world.draw(|chance: &mut Chance| chance.below(world.plan().nodes));
    match world.draw(|chance| chance.below(60)) {
        0 => fleet.crash(place).await,
        1 => drop(fleet.shut_down(place, Duration::from_secs(2)).await),
        2 => {
            if let Some(node) = fleet.node(place) {
                let process = node.process;
                let until = world.now() + world.time_below(Duration::from_secs(25));
                fleet.stills.stop(process, until);
            }
        }
        3..=12 if fleet.node(place).is_none() => fleet.start(place).await,
        _ => {}
    }
}

/// Waits until nothing is pending, with all emitters running.
async fn recover(fleet: &mut Fleet) {
    let world = fleet.world.clone();
    if fleet.living().is_empty() {
        fleet.start(0).await;
    }
    let place = fleet.living()[0];
    loop {
        let stats = fleet.store.stats(world.wall()).await.unwrap();
        if stats.all.pending == 0 {
            return;
        }
        let table = fleet.store.emitters().await.unwrap();
        for emitter in table.emitters {
            if !emitter.state().is_active()
                && let Some(node) = fleet.node(place)
            {
                let caller = node.caller(&world);
                let plan = world.plan().emitters.iter();
                let index = plan
                    .clone()
                    .position(|spec| spec.id == emitter.id().as_str());
                caller.act(Act::Restart(index.unwrap())).await;
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
}

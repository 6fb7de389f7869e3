//! Which seeds are run, and what is said of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use crate::{
    backing::Kind,
    run::{Outcome, run},
};

const SEED: &str = "WEBHOOKS_SIM_SEED";
const SEEDS: &str = "WEBHOOKS_SIM_SEEDS";
const DEFAULT: u64 = 300;
/// One of so many is run twice, and must go the same way.
const TWICE: u64 = 50;
/// One of so many is run over SQLite, which takes longer.
const SQLITE: u64 = 8;

/// Seeds that found something once. Each says what; what they find today is another matter, since every
/// change of the engine changes what happens.
const OLD: [(u64, &str); 21] = [
    (
        8,
        "workers were hired and retired without end once the time was up",
    ),
    (
        395,
        "an answer came late, and the next renewal after its time",
    ),
    (
        422,
        "a pause between two tries outlasted the time that was left",
    ),
    (
        619,
        "a lease of what was paused elsewhere was never given back",
    ),
    (777, "an attempt went on for a moment after the time was up"),
    (
        907,
        "where the store was slow at the start, the next renewal came too late",
    ),
    (997, "so it did, with an attempt that was not dropped"),
    (
        3_374,
        "a receiver that was always slow kept one that failed from being tried",
    ),
    (
        4563,
        "an emitter came to work as a caller remembered it, not as it was",
    ),
    (
        5_727,
        "a node that had come back as another was not renewed while it looked for work",
    ),
    (
        10871,
        "a late 410 halted for good an emitter whose backlog had been discarded",
    ),
    (17080, "and one that had been paused and started"),
    (
        18675,
        "the number of an attempt that was lost is used again",
    ),
    (
        22_001,
        "a lease that nobody wanted was given back late, when it was at work again",
    ),
    (
        30_468,
        "a lease that was granted otherwise while it was waited for was forgotten",
    ),
    (
        66_821,
        "a lease was forgotten, since its emitter was looked for and could not be",
    ),
    (
        61_106,
        "what was committed late was passed over where its lane had as much in memory as it may",
    ),
    (
        67_209,
        "32 deliveries of a slow receiver were one turn, and one that failed waited for its own",
    ),
    (
        79_954,
        "a lease that a sweep took was dropped by an older answer to another request",
    ),
    (
        91_953,
        "a receiver was gone when its emitter had been stopped, which stayed leased",
    ),
    (84_975, "so it was, with one delivery that had been tried"),
];

/// What must be met with over the default seeds.
const COVERED: [&str; 39] = [
    "change failed",
    "crash",
    "dead",
    "delivered",
    "discarded",
    "discarded by hand",
    "dropped in flight",
    "duplicate",
    "emit given up",
    "emit without an answer",
    "erased",
    "fenced",
    "forbidden address",
    "found itself dead",
    "given back",
    "late answer",
    "late call",
    "lease",
    "look",
    "lost answer",
    "no address",
    "not the owner",
    "probe",
    "redelivered",
    "refused",
    "refused call",
    "replayed",
    "reset",
    "retry-after",
    "shutdown",
    "stale",
    "stood still",
    "straight",
    "superseded",
    "takeover",
    "transaction committed",
    "transaction rolled back",
    "transaction without an answer",
    "withheld",
];

/// What must be met with over SQLite.
const KILLED: [&str; 6] = [
    "delivered",
    "killed after a commit",
    "killed before a commit",
    "killed between commits",
    "takeover",
    "transaction committed",
];

/// A number from the environment.
pub(crate) fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("`{name}` is `{text}`: expected a number")))
}

/// What is said of a seed that fails.
pub(crate) fn say(seed: u64, outcome: &Outcome, test: &str) -> String {
    let mut text = format!("seed {seed} breaks {} rules:\n", outcome.failures.len());
    for failure in outcome.failures.iter().take(5) {
        text.push_str(failure);
        text.push('\n');
    }
    let tests = "cargo test -p webhooks-tests --test sim";
    text + &format!("Replay it: {SEED}={seed} {tests} {test} -- --exact --nocapture")
}

/// What came of many.
#[derive(Default)]
struct Sum {
    failed: BTreeSet<u64>,
    cover: BTreeMap<&'static str, u64>,
    time: Duration,
}

/// Runs these, on as many threads as there are cores.
fn run_all(kind: Kind, seeds: &[u64], test: &str) -> Sum {
    let sum = Mutex::new(Sum::default());
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for nth in 0..threads {
            let (seeds, sum) = (seeds.iter().skip(nth).step_by(threads), &sum);
            scope.spawn(move || {
                for seed in seeds {
                    let outcome = run(*seed, kind, None);
                    let mut sum = sum.lock().unwrap();
                    if !outcome.failures.is_empty() {
                        eprintln!("{}\n", say(*seed, &outcome, test));
                        sum.failed.insert(*seed);
                    }
                    for (what, count) in outcome.cover {
                        *sum.cover.entry(what).or_default() += count;
                    }
                    sum.time += outcome.time;
                }
            });
        }
    });
    sum.into_inner().unwrap()
}

/// Runs what the environment says, or so many; returns what they met with, if it was that many at least.
fn run_chosen(kind: Kind, count: u64, test: &str) -> Option<BTreeMap<&'static str, u64>> {
    let seeds: Vec<u64> = match number(SEED) {
        Some(seed) => vec![seed],
        None => (0..count).collect(),
    };
    let begin = Instant::now();
    let sum = run_all(kind, &seeds, test);
    let took = begin.elapsed();
    eprintln!(
        "{kind:?}: {} seeds, {:.1} simulated hours in {:.1} s: {:.0} seeds/s",
        seeds.len(),
        sum.time.as_secs_f64() / 3_600.0,
        took.as_secs_f64(),
        seeds.len() as f64 / took.as_secs_f64(),
    );
    let failed = &sum.failed;
    let (failures, all) = (failed.len(), seeds.len());
    assert!(
        failed.is_empty(),
        "{failures} of {all} seeds failed: {failed:?}"
    );
    eprintln!("{:#?}", sum.cover);
    (all as u64 >= count.min(DEFAULT)).then_some(sum.cover)
}

fn must_cover(cover: &BTreeMap<&'static str, u64>, wanted: &[&'static str]) {
    let missing: Vec<_> = wanted
        .iter()
        .filter(|what| !cover.contains_key(*what))
        .collect();
    assert!(missing.is_empty(), "never met with: {missing:?}");
}

#[test]
fn seeds() {
    let count = number(SEEDS).unwrap_or(DEFAULT);
    if let Some(cover) = run_chosen(Kind::Model, count, "seeds::seeds")
        && count >= DEFAULT
    {
        must_cover(&cover, &COVERED);
    }
}

/// The real SQL, with processes that are killed at a commit.
#[test]
fn seeds_on_sqlite() {
    let count = number(SEEDS).unwrap_or(DEFAULT) / SQLITE;
    if let Some(cover) = run_chosen(Kind::Sqlite, count, "seeds::seeds_on_sqlite")
        && count >= DEFAULT / SQLITE
    {
        must_cover(&cover, &KILLED);
    }
}

#[test]
fn old_failures_do_not_come_back() {
    let seeds: Vec<u64> = OLD.iter().map(|(seed, _)| *seed).collect();
    let failed = run_all(Kind::Model, &seeds, "seeds::seeds").failed;
    let failed: Vec<_> = OLD
        .iter()
        .filter(|(seed, _)| failed.contains(seed))
        .collect();
    assert!(failed.is_empty(), "{failed:?}");
}

#[test]
fn a_seed_goes_the_same_way_twice() {
    let seeds = (0..number(SEEDS).unwrap_or(DEFAULT)).step_by(TWICE as usize);
    for seed in seeds {
        let (first, second) = (run(seed, Kind::Model, None), run(seed, Kind::Model, None));
        assert_eq!(first.trace, second.trace, "seed {seed} went two ways");
    }
    let (first, second) = (run(1, Kind::Sqlite, None), run(1, Kind::Sqlite, None));
    assert_eq!(first.trace, second.trace, "on SQLite it went two ways");
}

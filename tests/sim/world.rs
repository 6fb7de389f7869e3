//! What all of one simulation share: time, chance, and what was seen.

use std::{
    collections::BTreeMap,
    fmt::Debug,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::Instant;
use webhooks_core::{
    env::{Env, Timestamp},
    store::conformance::Chance,
};
use webhooks_tests::history::{History, Moment};

use crate::plan::Plan;

/// When a simulation begins, on its wall clocks: 2026-02-01, in microseconds.
const DATE: i64 = 1_769_904_000_000_000;

/// By so many microseconds a clock is wrong at most.
const SKEW: usize = 10_000_000;

/// Set, all that is taken down is told.
const TELL: &str = "WEBHOOKS_SIM_TELL";

/// What all of one simulation share. Clones are one.
#[derive(Clone)]
pub(crate) struct World(Arc<Shared>);

struct Shared {
    seed: u64,
    begin: Instant,
    plan: Plan,
    chance: Mutex<Chance>,
    seen: Mutex<Seen>,
}

/// What was seen.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) history: History,
    pub(crate) cover: BTreeMap<&'static str, u64>,
    /// What messages are called that are copies of others: they share the delivery ID.
    pub(crate) copies: BTreeMap<String, String>,
    trace: DefaultHasher,
    /// Whether everything is told as it is taken down.
    tells: bool,
}

impl World {
    /// `is_short` keeps it short, without the faults that the seed has.
    pub(crate) fn new(seed: u64, is_short: bool) -> Self {
        let mut chance = Chance::new(seed);
        let mut plan = Plan::draw(&mut chance);
        if is_short {
            plan.shorten();
        }
        Self(Arc::new(Shared {
            seed,
            begin: Instant::now(),
            plan,
            chance: Mutex::new(chance),
            seen: Mutex::new(Seen {
                tells: std::env::var_os(TELL).is_some(),
                ..Seen::default()
            }),
        }))
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// How long it has been going on.
    pub(crate) fn now(&self) -> Moment {
        self.0.begin.elapsed()
    }

    /// The moment of a time on the wall.
    pub(crate) fn moment(&self, time: Timestamp) -> Moment {
        Moment::from_micros(u64::try_from(time.as_micros() - DATE).unwrap_or(0))
    }

    /// The time on the wall now.
    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_micros(DATE).saturating_add(self.now())
    }

    /// Clock and randomness of a process, which draws what it draws whatever others do.
    pub(crate) fn env(&self, process: usize) -> Env {
        let world = self.clone();
        let mut own = Chance::new(self.0.seed.rotate_left(17) ^ process as u64);
        let is_right = process == 0 || !self.0.plan.is_skewed;
        let ahead = if is_right { SKEW } else { own.below(2 * SKEW) };
        let own = Mutex::new(own);
        Env::new(
            move || {
                let ahead = world.wall().as_micros() + ahead as i64;
                Timestamp::from_micros(ahead - SKEW as i64)
            },
            move |bytes: &mut [u8]| {
                let mut chance = own.lock().unwrap();
                for part in bytes.chunks_mut(8) {
                    part.copy_from_slice(&chance.next().to_le_bytes()[..part.len()]);
                }
            },
        )
    }

    pub(crate) fn draw<T>(&self, draw: impl FnOnce(&mut Chance) -> T) -> T {
        draw(&mut self.0.chance.lock().unwrap())
    }

    /// A time that is shorter than `end`.
    pub(crate) fn time_below(&self, end: Duration) -> Duration {
        let micros = usize::try_from(end.as_micros()).unwrap_or(usize::MAX);
        Duration::from_micros(self.draw(|chance| chance.below(micros.max(1))) as u64)
    }

    pub(crate) fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap()
    }

    /// Takes something down, in the history and in the trace.
    pub(crate) fn record<T>(&self, what: impl Debug, take: impl FnOnce(&mut History) -> T) -> T {
        let now = self.now();
        let mut seen = self.seen();
        let what = format!("{what:?}");
        if seen.tells {
            eprintln!("{now:>12?} {what}");
        }
        (now, what).hash(&mut seen.trace);
        take(&mut seen.history)
    }

    /// Counts that something was met with.
    pub(crate) fn cover(&self, what: &'static str) {
        *self.seen().cover.entry(what).or_default() += 1;
    }

    /// A fault that may cost outcomes.
    pub(crate) fn fault(&self) {
        let now = self.now();
        self.record("fault", |history| history.faults.push(now));
    }
}

impl Seen {
    /// A number that two runs share only if they were the same.
    pub(crate) fn trace(&self) -> u64 {
        self.trace.finish()
    }
}

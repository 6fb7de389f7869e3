//! Receivers.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use webhooks_core::{store::conformance::Chance, transport::AttemptErrorKind};
use webhooks_tests::history::Moment;

use crate::{names::Names, world::World};

/// How a receiver is for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Up,
    Slow,
    Down,
    Flaky,
    Refusing,
    Silent,
    Limiting,
    /// It takes what comes, and the answer is lost on its way.
    Mute,
    /// It wants no more.
    Gone,
}

const MOODS: [Mood; 14] = [
    Mood::Up,
    Mood::Up,
    Mood::Up,
    Mood::Up,
    Mood::Slow,
    Mood::Slow,
    Mood::Down,
    Mood::Flaky,
    Mood::Flaky,
    Mood::Refusing,
    Mood::Silent,
    Mood::Limiting,
    Mood::Mute,
    Mood::Gone,
];

/// All receivers. Clones are one.
#[derive(Clone)]
pub(crate) struct Net {
    pub(crate) world: World,
    pub(crate) names: Names,
    moods: Arc<Mutex<BTreeMap<String, (Mood, Moment)>>>,
    healed: Arc<AtomicBool>,
}

/// What comes back.
pub(crate) enum Reply {
    Status(u16, Option<u64>),
    Fails(AttemptErrorKind),
}

impl Net {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            names: Names::new(world),
            moods: Arc::default(),
            healed: Arc::default(),
        }
    }

    /// From now on all receivers are well.
    pub(crate) fn heal(&self) {
        self.names.heal();
        self.healed.store(true, Relaxed);
    }

    pub(crate) fn mood(&self, emitter: &str) -> Mood {
        if self.healed.load(Relaxed) {
            return Mood::Up;
        }
        let now = self.world.now();
        let mut moods = self.moods.lock().unwrap();
        let (mood, until) = moods.entry(emitter.to_owned()).or_insert((Mood::Up, now));
        if *until <= now {
            let (next, seconds) = self
                .world
                .draw(|chance| (chance.one_of(&MOODS), 2 + chance.below(20) as u64));
            *mood = next;
            *until = now + Duration::from_secs(seconds);
        }
        *mood
    }

    /// Draws an answer: how long it takes, and what it is.
    pub(crate) fn reply(&self, mood: Mood, timeout: Duration) -> (Duration, Reply) {
        let late = (timeout, Reply::Fails(AttemptErrorKind::Timeout));
        self.world.draw(|chance| {
            let quick = Duration::from_micros(500 + chance.below(40_000) as u64);
            match mood {
                Mood::Up => (quick, Reply::Status(chance.one_of(&[200, 201, 204]), None)),
                Mood::Slow => {
                    let slow = Duration::from_millis(500 + chance.below(9_000) as u64);
                    if slow < timeout {
                        (slow, Reply::Status(200, None))
                    } else {
                        late
                    }
                }
                Mood::Down => (quick, Reply::Status(chance.one_of(&[500, 503, 404]), None)),
                Mood::Flaky => (quick, Reply::Status(flaky(chance), None)),
                Mood::Refusing => (quick, Reply::Fails(AttemptErrorKind::Refused)),
                Mood::Silent => late,
                Mood::Limiting => {
                    let after = 1 + chance.below(6) as u64;
                    (
                        quick,
                        Reply::Status(chance.one_of(&[429, 503]), Some(after)),
                    )
                }
                Mood::Mute => (quick, Reply::Fails(AttemptErrorKind::Reset)),
                Mood::Gone => (quick, Reply::Status(410, None)),
            }
        })
    }
}

fn flaky(chance: &mut Chance) -> u16 {
    chance.one_of(&[200, 500])
}

//! One attempt, from its start to what follows from it.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;
use url::Url;

use crate::{
    emitter::Emitter,
    engine::{
        budget::{Class, Slot},
        judge::Judgement,
        lane::Entry,
        run::{Run, RunId},
    },
    env::Timestamp,
    store::{Epoch, Health, PendingRow},
};

/// Both clocks, read once per call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    pub(crate) wall: Timestamp,
}

impl Now {
    pub(super) fn instant_of(self, wall: Timestamp) -> Instant {
        self.instant + wall.saturating_since(self.wall)
    }
}

/// One attempt to be made.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) emitter: Arc<Emitter>,
    pub(crate) url: Arc<Url>,
    pub(crate) epoch: Epoch,
    pub(crate) entry: Entry,
    pub(crate) proven: bool,
    pub(crate) started: Now,
    pub(super) run: RunId,
    pub(super) lane: u32,
    pub(super) slot: Slot,
    pub(super) quantum: Quantum,
}

/// What is left of a lane's turn: how many deliveries a worker takes of it in a row, before others have theirs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quantum {
    left: u32,
    until: Instant,
}

impl Quantum {
    const DELIVERIES: u32 = 32;
    /// A receiver that takes seconds to answer would keep others waiting for minutes.
    const TIME: Duration = Duration::from_millis(500);

    pub(super) fn new(now: Instant) -> Self {
        Self {
            left: Self::DELIVERIES - 1,
            until: now + Self::TIME,
        }
    }

    /// What is left after one more; `None` once the turn is over.
    pub(super) fn go_on(self, now: Instant) -> Option<Self> {
        let left = self.left.checked_sub(1)?;
        (now < self.until).then_some(Self { left, ..self })
    }
}

/// What follows from an attempt.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) judgement: Judgement,
    /// The emitter's health, if it changed.
    pub(crate) health: Option<Health>,
    /// The same lane's next delivery: the worker goes on with it.
    pub(crate) next: Option<Job>,
    /// The emitter failed for too long.
    pub(crate) failing_too_long: bool,
}

pub(super) fn class_of(run: &Run) -> Class {
    if run.cool_down.is_proven() {
        Class::Proven
    } else {
        Class::Unproven
    }
}

pub(super) fn entry_of(row: PendingRow, now: Now) -> Entry {
    let due = now.instant_of(row.progress.due);
    Entry {
        seq: row.seq,
        message: row.message,
        progress: row.progress,
        due,
    }
}

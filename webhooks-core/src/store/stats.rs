//! How many deliveries there are, and what became of them.
//!
//! Stores count while they write, per emitter and hour, so that statistics cost nothing to read
//! however long the log is.

use std::{collections::BTreeMap, time::Duration};

use crate::{emitter::EmitterId, env::Timestamp};

const HOUR: Duration = Duration::from_secs(60 * 60);

/// How many deliveries there are, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stats {
    /// Of all emitters, those that are detached by now included.
    pub all: QueueStats,
    /// Of each attached emitter that ever had a delivery. One that was detached and attached again
    /// goes on counting, or begins anew.
    pub emitters: BTreeMap<EmitterId, QueueStats>,
}

/// The counts of one queue, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueStats {
    /// How many deliveries are pending.
    pub pending: u64,
    /// What settled, ever.
    pub total: Settled,
    /// What settled in this hour of the clock and the one before it.
    pub last_hour: Settled,
    /// What settled in this hour of the clock and the 24 before it.
    pub last_day: Settled,
}

/// How many deliveries settled, and how. One that is sent again counts again; what was pruned goes
/// on counting.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// The receiver took it.
    pub delivered: u64,
    /// Given up.
    pub dead: u64,
    /// Taken out of the queue.
    pub discarded: u64,
}

/// What changed in one hour of the clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) pending: i64,
    pub(crate) settled: Settled,
}

/// An hour of the clock, counted from the Unix epoch; 0 stands for all that are too old to be told
/// apart.
pub(crate) type Hour = i64;

/// Which hour of the clock this is.
pub(crate) fn hour_of(now: Timestamp) -> Hour {
    now.as_micros().div_euclid(HOUR.as_micros() as i64)
}

/// Hours before this one need not be told apart any more.
pub(crate) fn first_hour_told_apart(now: Timestamp) -> Hour {
    hour_of(now) - 24
}

impl Stats {
    /// Adds what changed in `hour`; `emitter` is `None` where it is detached.
    pub(crate) fn add(
        &mut self,
        emitter: Option<&EmitterId>,
        hour: Hour,
        change: Change,
        now: Timestamp,
    ) {
        self.all.add(hour, change, now);
        let Some(emitter) = emitter else { return };
        match self.emitters.get_mut(emitter) {
            Some(queue) => queue.add(hour, change, now),
            None => {
                let mut queue = QueueStats::default();
                queue.add(hour, change, now);
                self.emitters.insert(emitter.clone(), queue);
            }
        }
    }
}

impl QueueStats {
    fn add(&mut self, hour: Hour, change: Change, now: Timestamp) {
        // What settled in an hour may have been queued in one that is added later.
        self.pending = self.pending.wrapping_add_signed(change.pending);
        self.total.add(change.settled);
        let this = hour_of(now);
        if hour >= this - 1 {
            self.last_hour.add(change.settled);
        }
        if hour >= this - 24 {
            self.last_day.add(change.settled);
        }
    }
}

impl Settled {
    pub(crate) fn add(&mut self, more: Self) {
        self.delivered += more.delivered;
        self.dead += more.dead;
        self.discarded += more.discarded;
    }
}

impl Change {
    pub(crate) fn add(&mut self, more: Self) {
        self.pending += more.pending;
        self.settled.add(more.settled);
    }
}

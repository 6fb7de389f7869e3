//! Whether attempts may start, as far as the node's life decides, and what is left when they may not.

use std::time::Duration;

use tokio::time::Instant;

use super::Scheduler;
use crate::engine::{budget::Budget, run::RunId};

/// Whether attempts may start, as far as the node's life decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awake {
    /// Until the time is up, if there is one.
    Until(Option<Instant>),
    /// Not before the node is renewed.
    Asleep,
}

impl Scheduler {
    /// The node was renewed: attempts may start until then.
    pub(crate) fn awake_until(&mut self, until: Instant) {
        self.awake = Awake::Until(Some(until));
    }

    /// No attempt starts before the node is renewed.
    pub(crate) fn sleep(&mut self) {
        self.awake = Awake::Asleep;
    }

    /// Whether no attempt may start at `now`.
    pub(super) fn is_asleep(&self, now: Instant) -> bool {
        self.awake == Awake::Asleep || self.runs_out(now)
    }

    /// Whether the node's time is up, and what is in flight is still to be dropped.
    pub(crate) fn runs_out(&self, now: Instant) -> bool {
        matches!(self.awake, Awake::Until(Some(until)) if now >= until)
    }

    /// How long attempts may start from `now` on; `None` if nothing is to be dropped at the end of it.
    pub(crate) fn time_left(&self, now: Instant) -> Option<Duration> {
        match self.awake {
            Awake::Until(Some(until)) => Some(until.saturating_duration_since(now)),
            Awake::Until(None) | Awake::Asleep => None,
        }
    }

    /// What was in flight was dropped, outcome unknown, and the workers have ended: it is loaded again.
    pub(crate) fn dropped_in_flight(&mut self, now: Instant) {
        self.budget = Budget::new(self.budget.limit());
        self.workers = 0;
        let mut ids: Vec<RunId> = self.runs.keys().copied().collect();
        ids.sort_unstable();
        for id in ids {
            if let Some(run) = self.runs.get_mut(&id) {
                run.dropped_in_flight();
            }
            self.reschedule(id, now);
        }
    }

    /// Forgets everything at work: the node is dead, and its workers have ended.
    pub(crate) fn lose_all(&mut self) {
        let emptied = Self::new(self.budget.limit());
        *self = Self {
            awake: Awake::Asleep,
            // The settler has these still.
            unsettled: self.unsettled,
            stopped: self.stopped,
            next_run: self.next_run,
            ..emptied
        };
    }
}

//! How many requests may be in flight, and for whom.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// An attempt that is older moves to the half of the failing emitters, while there is room.
const OLD: Duration = Duration::from_secs(1);

/// Whether an emitter has succeeded since its last failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Proven,
    Unproven,
}

/// A place in the budget, given back with [`Budget::release`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Slot(u64);

/// The limit of requests in flight; emitters that are not proven hold at most half of it.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    slow_limit: usize,
    slow: usize,
    held: HashMap<u64, Class>,
    /// Attempts that began as proven, oldest first; those that ended are skipped when they come up.
    proven: VecDeque<(Instant, u64)>,
    next: u64,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            slow_limit: (limit / 2).max(1),
            slow: 0,
            held: HashMap::new(),
            proven: VecDeque::new(),
            next: 0,
        }
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.held.len()
    }

    /// How many attempts of emitters that are not proven may start.
    pub(crate) fn room_for_unproven(&self) -> usize {
        self.slow_limit - self.slow
    }

    /// Whether an attempt of this class may start.
    pub(crate) fn admits(&mut self, class: Class, now: Instant) -> bool {
        self.held.len() < self.limit
            && (class == Class::Proven || {
                self.move_old(now);
                self.slow < self.slow_limit
            })
    }

    pub(crate) fn acquire(&mut self, class: Class, now: Instant) -> Slot {
        let id = self.next;
        self.next += 1;
        self.held.insert(id, class);
        match class {
            Class::Proven => {
                self.forget_ended();
                self.proven.push_back((now, id));
            }
            Class::Unproven => self.slow += 1,
        }
        Slot(id)
    }

    pub(crate) fn release(&mut self, slot: Slot) {
        if self.held.remove(&slot.0) == Some(Class::Unproven) {
            self.slow -= 1;
        }
    }

    fn forget_ended(&mut self) {
        while self
            .proven
            .front()
            .is_some_and(|(_, id)| !self.held.contains_key(id))
        {
            self.proven.pop_front();
        }
    }

    fn move_old(&mut self, now: Instant) {
        self.forget_ended();
        while self.slow < self.slow_limit {
            match self.proven.front() {
                Some((since, id)) if now.duration_since(*since) >= OLD => {
                    if let Some(class) = self.held.get_mut(id) {
                        *class = Class::Unproven;
                        self.slow += 1;
                    }
                    self.proven.pop_front();
                }
                _ => return,
            }
        }
    }
}

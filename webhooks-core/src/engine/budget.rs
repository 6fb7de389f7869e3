//! How many requests may be in flight, and for whom.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use tokio::time::Instant;

/// An attempt that is older moves to the half of the failing emitters. It takes half of that at most: else a
/// receiver that is slow to succeed would keep those that failed from being tried.
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
    /// How many are in the half of the failing emitters, and how many of them have moved there.
    slow: usize,
    moved: usize,
    held: HashMap<u64, Held>,
    /// Attempts that began as proven, oldest first; those that ended are skipped when they come up.
    proven: VecDeque<(Instant, u64)>,
    next: u64,
}

/// How a place is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    Proven,
    Moved,
    Unproven,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            slow_limit: (limit / 2).max(1),
            slow: 0,
            moved: 0,
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
        let held = match class {
            Class::Proven => {
                self.forget_ended();
                self.proven.push_back((now, id));
                Held::Proven
            }
            Class::Unproven => {
                self.slow += 1;
                Held::Unproven
            }
        };
        self.held.insert(id, held);
        Slot(id)
    }

    pub(crate) fn release(&mut self, slot: Slot) {
        match self.held.remove(&slot.0) {
            Some(Held::Unproven) => self.slow -= 1,
            Some(Held::Moved) => {
                self.slow -= 1;
                self.moved -= 1;
            }
            Some(Held::Proven) | None => {}
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
        while self.slow < self.slow_limit && self.moved < self.slow_limit / 2 {
            match self.proven.front() {
                Some((since, id)) if now.duration_since(*since) >= OLD => {
                    if let Some(held) = self.held.get_mut(id) {
                        *held = Held::Moved;
                        self.slow += 1;
                        self.moved += 1;
                    }
                    self.proven.pop_front();
                }
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_proven_holds_half_at_most() {
        let now = Instant::now();
        let mut budget = Budget::new(4);
        let slots: Vec<Slot> = (0..2)
            .map(|_| {
                assert!(budget.admits(Class::Unproven, now));
                budget.acquire(Class::Unproven, now)
            })
            .collect();
        assert!(!budget.admits(Class::Unproven, now));
        assert!(budget.admits(Class::Proven, now));
        budget.release(slots[0]);
        assert!(budget.admits(Class::Unproven, now));
    }

    #[test]
    fn slow_successes_take_half_of_that_and_no_more() {
        let begin = Instant::now();
        let later = begin + OLD;
        let mut budget = Budget::new(8);
        for _ in 0..4 {
            budget.acquire(Class::Proven, begin);
        }
        for _ in 0..2 {
            assert!(budget.admits(Class::Unproven, later));
            budget.acquire(Class::Unproven, later);
        }
        assert!(!budget.admits(Class::Unproven, later));
    }

    #[test]
    fn slow_successes_do_not_keep_failures_from_being_tried() {
        let begin = Instant::now();
        let mut budget = Budget::new(3);
        budget.acquire(Class::Proven, begin);
        assert!(budget.admits(Class::Unproven, begin + OLD));
    }
}

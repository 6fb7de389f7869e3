//! Who comes next, in the order in which they came.

use std::collections::{BTreeMap, HashMap};

use crate::engine::run::RunId;

/// A queue in which each is once, and from which each can go.
#[derive(Debug, Default)]
pub(super) struct Turns {
    waiting: BTreeMap<u64, RunId>,
    turn_of: HashMap<RunId, u64>,
    next: u64,
}

impl Turns {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Goes to the end; who waits already keeps its turn.
    pub(super) fn push(&mut self, run: RunId) {
        self.turn_of.entry(run).or_insert_with(|| {
            let turn = self.next;
            self.next += 1;
            self.waiting.insert(turn, run);
            turn
        });
    }

    pub(super) fn remove(&mut self, run: RunId) {
        if let Some(turn) = self.turn_of.remove(&run) {
            self.waiting.remove(&turn);
        }
    }

    pub(super) fn pop(&mut self) -> Option<RunId> {
        let (_, run) = self.waiting.pop_first()?;
        self.turn_of.remove(&run);
        Some(run)
    }
}

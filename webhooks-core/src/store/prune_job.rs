//! How a store on a database goes about forgetting: part by part, each in a transaction of its own.

use super::{Prune, Pruned};

/// So many rows are looked at in one transaction, which others wait for.
pub(super) const PART: usize = 500;
/// So many are looked at in one call: what is old but pending is passed over again and again, and
/// must not cost more for that.
const MAX_LOOKED_AT: usize = 20_000;
/// So many keys, counters, marks and nodes are forgotten in one transaction.
pub(super) const SMALL: usize = 1_000;

/// How far the looking has come. The next call goes on behind that, and from the start once the end
/// was reached.
#[derive(Debug, Clone, Default)]
pub(super) struct Places<Id> {
    /// The message and the emitter of a delivery.
    pub(super) delivery: (Id, String),
    /// A message.
    pub(super) payload: Id,
}

/// One call, on its way.
pub(super) struct PruneJob<Id> {
    pub(super) prune: Prune,
    pub(super) places: Places<Id>,
    pub(super) pruned: Pruned,
    pub(super) phase: Phase,
    looked_at: usize,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// What is left of backlogs whose discarding failed.
    Discards,
    Deliveries,
    Payloads,
    Rest,
    Done,
}

impl<Id: Clone + Default> PruneJob<Id> {
    pub(super) fn new(prune: Prune, places: Places<Id>) -> Self {
        Self {
            prune,
            places,
            pruned: Pruned::default(),
            phase: Phase::Discards,
            looked_at: 0,
        }
    }

    /// What was forgotten, and where to go on.
    pub(super) fn done(&self) -> (Pruned, Places<Id>) {
        let limit = self.prune.limit;
        let pruned = Pruned {
            more: self.pruned.deliveries >= limit || self.pruned.payloads >= limit,
            ..self.pruned
        };
        (pruned, self.places.clone())
    }

    /// So many deliveries were looked at, and there was room for all of them; what is next.
    pub(super) fn after_deliveries(&mut self, looked_at: usize) -> Phase {
        if looked_at < PART {
            self.places.delivery = Default::default();
        } else if self.goes_on(looked_at) {
            return Phase::Deliveries;
        }
        self.no_more_deliveries()
    }

    /// What is next where there is no room for more deliveries.
    pub(super) fn no_more_deliveries(&mut self) -> Phase {
        self.looked_at = 0;
        match self.prune.payloads_before {
            Some(_) => Phase::Payloads,
            None => Phase::Rest,
        }
    }

    /// So many payloads were looked at, and there was room for all of them; what is next.
    pub(super) fn after_payloads(&mut self, looked_at: usize) -> Phase {
        if looked_at < PART {
            self.places.payload = Id::default();
        } else if self.goes_on(looked_at) {
            return Phase::Payloads;
        }
        Phase::Rest
    }

    fn goes_on(&mut self, looked_at: usize) -> bool {
        self.looked_at += looked_at;
        self.looked_at < MAX_LOOKED_AT
    }
}

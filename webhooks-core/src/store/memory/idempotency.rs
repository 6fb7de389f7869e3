//! Idempotency keys and the receipts that they stand for.

use std::collections::{BTreeMap, HashMap};

use super::row::Place;
use crate::{
    env::Timestamp,
    event::{IdempotencyKey, Tenant},
    store::{IDEMPOTENCY_LIFETIME, Receipt},
};

/// A key belongs to the tenant of its event.
type Scoped = (Option<Tenant>, IdempotencyKey);

/// Idempotency keys and the receipts that they stand for.
#[derive(Default)]
pub(super) struct Keys {
    known: HashMap<Scoped, Known>,
    by_age: BTreeMap<Place, Scoped>,
    count: u64,
}

pub(super) struct Known {
    place: Place,
    pub(super) fingerprint: [u8; 32],
    pub(super) receipt: Receipt,
}

impl Keys {
    /// What the key stands for, if that is not too old.
    pub(super) fn get(&self, scoped: &Scoped, now: Timestamp) -> Option<&Known> {
        self.known
            .get(scoped)
            .filter(|known| now < known.place.0.saturating_add(IDEMPOTENCY_LIFETIME))
    }

    /// Remembers a key, forgetting the oldest beyond `limit`.
    pub(super) fn put(
        &mut self,
        scoped: Scoped,
        fingerprint: [u8; 32],
        receipt: Receipt,
        now: Timestamp,
        limit: usize,
    ) {
        self.count += 1;
        let place = (now, self.count);
        let known = Known {
            place,
            fingerprint,
            receipt,
        };
        if let Some(before) = self.known.insert(scoped.clone(), known) {
            self.by_age.remove(&before.place);
        }
        self.by_age.insert(place, scoped);
        while self.by_age.len() > limit {
            self.forget_oldest();
        }
    }

    /// Forgets what was remembered before this time.
    pub(super) fn prune(&mut self, before: Timestamp) {
        while self
            .by_age
            .first_key_value()
            .is_some_and(|(place, _)| place.0 < before)
        {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        if let Some((_, scoped)) = self.by_age.pop_first() {
            self.known.remove(&scoped);
        }
    }
}

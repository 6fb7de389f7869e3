//! Discarding, erasing and forgetting.

use std::sync::Arc;

use super::state::State;
use crate::{
    delivery::{DeliveryKey, DiscardReason, Message},
    env::Timestamp,
    event::MessageId,
    store::{DiscardOutcome, Prune},
};

impl State {
    pub(super) fn discard(&mut self, key: &DeliveryKey, now: Timestamp) -> DiscardOutcome {
        let discarded = self.discard_one(key, DiscardReason::Skipped, now);
        let Some((entry, at)) = self.find(key) else {
            return DiscardOutcome::NotFound;
        };
        let record = entry.record(at);
        if !discarded {
            return DiscardOutcome::NotPending(record);
        }
        self.evict();
        self.announce();
        DiscardOutcome::Discarded(record)
    }

    pub(super) fn erase_payload(&mut self, id: MessageId, now: Timestamp) -> bool {
        let Some(entry) = self.messages.get(&id) else {
            return false;
        };
        if entry.message.body.is_none() {
            return true;
        }
        let pending: Vec<DeliveryKey> = (0..entry.rows.len())
            .filter(|at| entry.rows[*at].is_pending())
            .map(|at| entry.key(at))
            .collect();
        for key in &pending {
            self.discard_one(key, DiscardReason::Erased, now);
        }
        if let Some(entry) = self.messages.get_mut(&id) {
            self.log.bytes -= entry.body_bytes();
            entry.message = Arc::new(Message {
                body: None,
                ..Message::clone(&entry.message)
            });
        }
        self.evict();
        if !pending.is_empty() {
            self.announce();
        }
        true
    }

    pub(super) fn prune(&mut self, prune: Prune) -> usize {
        self.keys.prune(prune.idempotency_before);
        let mut count = 0;
        while count < prune.limit
            && let Some((place, _)) = self.log.settled.first_key_value()
            && place.0 < prune.settled_before
        {
            self.forget_oldest();
            count += 1;
        }
        count
    }
}

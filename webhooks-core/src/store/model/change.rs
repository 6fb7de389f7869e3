//! Discarding, erasing and forgetting.

use std::sync::Arc;

use super::Model;
use crate::{
    delivery::{DeliveryKey, DiscardReason, Message},
    env::Timestamp,
    event::MessageId,
    store::{DiscardOutcome, Prune, Pruned},
};

impl Model {
    /// As [`Store::discard`](crate::store::Store::discard).
    pub fn discard(&mut self, key: &DeliveryKey, now: Timestamp) -> DiscardOutcome {
        let Some(found) = self.record(key) else {
            return DiscardOutcome::NotFound;
        };
        if !self.deliveries[key].is_pending() {
            return DiscardOutcome::NotPending(found);
        }
        self.discard_all([key.clone()], DiscardReason::Skipped, now);
        self.changes += 1;
        DiscardOutcome::Discarded(self.record(key).unwrap_or(found))
    }

    /// As [`Store::erase_payload`](crate::store::Store::erase_payload).
    pub fn erase_payload(&mut self, id: MessageId, now: Timestamp) -> bool {
        if !self.messages.contains_key(&id) {
            return false;
        }
        let mut pending = self.of_message(id);
        pending.retain(|key| self.deliveries[key].is_pending());
        if !pending.is_empty() {
            self.changes += 1;
        }
        self.discard_all(pending, DiscardReason::Erased, now);
        self.erase_body(id);
        true
    }

    /// As [`Store::prune`](crate::store::Store::prune): what settled first goes first.
    pub fn prune(&mut self, prune: Prune) -> Pruned {
        self.keys
            .retain(|_, known| known.at >= prune.idempotency_before);
        let mut old: Vec<(Timestamp, DeliveryKey)> = self
            .deliveries
            .iter()
            .filter_map(|(key, delivery)| Some((delivery.settled_at?, key.clone())))
            .filter(|(settled_at, _)| *settled_at < prune.settled_before)
            .collect();
        old.sort();
        old.truncate(prune.limit);
        for (_, key) in &old {
            self.deliveries.remove(key);
            if self.of_message(key.message_id).is_empty() {
                self.messages.remove(&key.message_id);
            }
        }
        let mut erased: Vec<MessageId> = self.messages.keys().copied().collect();
        erased.retain(|id| self.is_payload_old(*id, prune.payloads_before));
        erased.truncate(prune.limit);
        for id in &erased {
            self.erase_body(*id);
        }
        Pruned {
            deliveries: old.len(),
            payloads: erased.len(),
            more: old.len() >= prune.limit || erased.len() >= prune.limit,
        }
    }

    fn is_payload_old(&self, id: MessageId, before: Option<Timestamp>) -> bool {
        let Some(before) = before else {
            return false;
        };
        let is_old = |key: &DeliveryKey| {
            let settled_at = self.deliveries[key].settled_at;
            settled_at.is_some_and(|settled_at| settled_at < before)
        };
        self.messages[&id].body.is_some() && self.of_message(id).iter().all(is_old)
    }

    fn of_message(&self, id: MessageId) -> Vec<DeliveryKey> {
        let keys = self.deliveries.keys().filter(|key| key.message_id == id);
        keys.cloned().collect()
    }

    fn erase_body(&mut self, id: MessageId) {
        if let Some(message) = self.messages.get_mut(&id) {
            let mut erased = Message::clone(message);
            erased.body = None;
            *message = Arc::new(erased);
        }
    }
}

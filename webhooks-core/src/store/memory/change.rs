//! Discarding, erasing and forgetting.

use std::{collections::HashSet, ops::Bound, sync::Arc};

use super::state::State;
use crate::{
    delivery::{DeliveryKey, DiscardReason, Message},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::{DiscardOutcome, Prune, Pruned, Stats},
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
        self.erase_body(id);
        self.evict();
        if !pending.is_empty() {
            self.announce();
        }
        true
    }

    pub(super) fn prune(&mut self, prune: Prune) -> Pruned {
        self.keys.prune(prune.idempotency_before);
        let mut pruned = Pruned::default();
        while pruned.deliveries < prune.limit
            && let Some((place, _)) = self.log.settled.first_key_value()
            && place.0 < prune.settled_before
        {
            self.forget_oldest();
            pruned.deliveries += 1;
        }
        if let Some(before) = prune.payloads_before {
            pruned.payloads = self.erase_old_payloads(before, prune.limit);
        }
        pruned.more = pruned.deliveries >= prune.limit || pruned.payloads >= prune.limit;
        self.log.counters.fold(&self.attached(), prune.now);
        pruned
    }

    pub(super) fn stats(&self, now: Timestamp) -> Stats {
        self.log.counters.stats(&self.attached(), now)
    }

    fn attached(&self) -> HashSet<EmitterId> {
        let emitters = self
            .queues
            .values()
            .filter_map(|queue| queue.emitter.as_ref());
        emitters.map(|emitter| emitter.id.clone()).collect()
    }

    /// A message is found at the last of its deliveries to settle.
    fn erase_old_payloads(&mut self, before: Timestamp, limit: usize) -> usize {
        let from = self.log.looked_at.map_or(Bound::Unbounded, Bound::Excluded);
        let mut ids = Vec::new();
        for (place, key) in self.log.settled.range((from, Bound::Unbounded)) {
            if place.0 >= before || ids.len() >= limit {
                break;
            }
            self.log.looked_at = Some(*place);
            let last = self.messages.get(&key.message_id).is_some_and(|entry| {
                entry.message.body.is_some()
                    && entry
                        .rows
                        .iter()
                        .all(|row| row.place.is_some_and(|other| other <= *place))
            });
            if last {
                ids.push(key.message_id);
            }
        }
        for id in &ids {
            self.erase_body(*id);
        }
        ids.len()
    }

    fn erase_body(&mut self, id: MessageId) {
        if let Some(entry) = self.messages.get_mut(&id) {
            self.log.bytes -= entry.body_bytes();
            entry.message = Arc::new(Message {
                body: None,
                ..Message::clone(&entry.message)
            });
        }
    }
}

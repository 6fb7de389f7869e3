//! Appending messages.

use std::time::Duration;

use super::{
    Model,
    state::{Delivery, Known, dead},
};
use crate::{
    delivery::{DeadReason, DeliveryKey, DeliveryState, DiscardReason, Seq},
    env::Timestamp,
    event::MessageId,
    store::{
        Append, Appended, AppendedRow, Fate, NewDelivery, NewMessage, NodeId, Receipt, Stored,
    },
};

/// For how long an idempotency key is remembered.
const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

impl Model {
    /// As [`Store::append`](crate::store::Store::append); never full.
    pub fn append(&mut self, batch: Append) -> Vec<Appended> {
        let Append {
            node,
            messages,
            now,
        } = batch;
        let messages = messages.into_iter();
        messages
            .map(|new| self.append_one(node, new, now))
            .collect()
    }

    fn append_one(&mut self, node: NodeId, new: NewMessage, now: Timestamp) -> Appended {
        let id = new.message.id;
        if self.messages.contains_key(&id) {
            return self.sent_again(id, &new.deliveries);
        }
        let key = new
            .idempotency
            .map(|(key, print)| ((new.message.tenant.clone(), key), print));
        if let Some((key, fingerprint)) = &key
            && let Some(known) = self.keys.get(key)
            && now < known.at.saturating_add(REMEMBERED)
        {
            if known.receipt.message_id == id {
                return self.sent_again(id, &new.deliveries);
            }
            if known.fingerprint != *fingerprint {
                return Appended::IdempotencyMismatch;
            }
            return Appended::Duplicate(known.receipt.clone());
        }
        if !new.deliveries.is_empty() {
            self.messages.insert(id, new.message.clone());
        }
        let deliveries = new.deliveries.into_iter();
        let rows: Vec<AppendedRow> = deliveries
            .map(|delivery| {
                let seq = self.next_seq();
                self.deliver(node, id, delivery, seq, now)
            })
            .collect();
        if let Some((key, fingerprint)) = key {
            let queued = |row: &&AppendedRow| row.fate != Fate::Stale;
            let receipt = Receipt {
                delivery_id: new.message.delivery_id.clone(),
                message_id: id,
                deliveries: rows.iter().filter(queued).count(),
            };
            let known = Known {
                at: now,
                fingerprint,
                receipt,
            };
            self.keys.insert(key, known);
        }
        Appended::Stored(Stored { rows })
    }

    pub(super) fn deliver(
        &mut self,
        node: NodeId,
        message_id: MessageId,
        new: NewDelivery,
        seq: Seq,
        now: Timestamp,
    ) -> AppendedRow {
        let NewDelivery {
            emitter,
            generation,
            epoch,
            due,
        } = new;
        let key = DeliveryKey {
            message_id,
            emitter: emitter.clone(),
        };
        self.deliveries
            .insert(key.clone(), Delivery::queued(seq, due));
        let stale = match self.emitters.get(&emitter) {
            None => Some(DiscardReason::Detached),
            Some(found) if found.generation != generation => Some(DiscardReason::Paused),
            Some(_) => None,
        };
        if let Some(reason) = stale {
            self.discard_all([key], reason, now);
            let fate = Fate::Stale;
            return AppendedRow { seq, fate };
        }
        let proven = epoch.is_some_and(|epoch| self.is_owner(node, &emitter, epoch));
        if !proven {
            self.marks.insert(emitter.clone());
            self.changes += 1;
        }
        let fate = if self.marks.contains(&emitter) {
            Fate::Withheld
        } else {
            Fate::Straight
        };
        AppendedRow { seq, fate }
    }

    /// The answer to a message that was there before.
    fn sent_again(&self, message_id: MessageId, deliveries: &[NewDelivery]) -> Appended {
        let row_of = |new: &NewDelivery| {
            let key = DeliveryKey {
                message_id,
                emitter: new.emitter.clone(),
            };
            let Some(delivery) = self.deliveries.get(&key) else {
                let (seq, fate) = (0, Fate::Stale);
                return AppendedRow { seq, fate };
            };
            let fate = match (delivery.state, delivery.reason) {
                (DeliveryState::Discarded, _) => Fate::Stale,
                (_, reason) if reason == dead(DeadReason::QueueFull) => Fate::QueueFull,
                _ => Fate::Withheld,
            };
            let seq = delivery.seq;
            AppendedRow { seq, fate }
        };
        Appended::Stored(Stored {
            rows: deliveries.iter().map(row_of).collect(),
        })
    }
}

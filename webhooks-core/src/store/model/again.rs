//! Sending deliveries again.

use std::{collections::BTreeMap, sync::Arc};

use super::{Model, state::Delivery};
use crate::{
    delivery::{DeliveryKey, DeliveryState, Message, Progress, Seq},
    env::Timestamp,
    event::MessageId,
    store::{Redeliver, RedeliverOutcome, Replay},
};

impl Model {
    /// As [`Store::redeliver`](crate::store::Store::redeliver); never full.
    pub fn redeliver(&mut self, redeliver: Redeliver) -> RedeliverOutcome {
        let Redeliver {
            key,
            fresh,
            due,
            now,
        } = redeliver;
        let Some(delivery) = self.deliveries.get_mut(&key) else {
            return RedeliverOutcome::NotFound;
        };
        if !self.emitters.contains_key(&key.emitter) {
            return RedeliverOutcome::EmitterGone;
        }
        if delivery.is_pending() {
            delivery.progress.due = due;
            if let Some(health) = self.health.get_mut(&key.emitter) {
                health.cooling_until = None;
            }
            self.mark(&key);
            let record = self.record(&key);
            return record.map_or(RedeliverOutcome::NotFound, RedeliverOutcome::Pending);
        }
        if self.messages[&key.message_id].body.is_none() {
            return RedeliverOutcome::PayloadErased;
        }
        let queued = match fresh {
            Some(id) => self.queue_fresh(&key, id, due, now),
            None => self.queue_again(key, due),
        };
        let record = self.record(&queued);
        record.map_or(RedeliverOutcome::NotFound, RedeliverOutcome::Queued)
    }

    /// As [`Store::replay`](crate::store::Store::replay); never full.
    pub fn replay(
        &mut self,
        replay: &Replay,
        fresh: Option<&(dyn Fn() -> MessageId + Send + Sync)>,
    ) -> u64 {
        if !self.emitters.contains_key(&replay.emitter) {
            return 0;
        }
        let meant: BTreeMap<Seq, DeliveryKey> = self
            .deliveries
            .iter()
            .filter(|(key, delivery)| self.is_replayed(replay, key, delivery))
            .map(|(key, delivery)| (delivery.seq, key.clone()))
            .collect();
        let count = meant.len() as u64;
        for key in meant.into_values() {
            match fresh {
                Some(make) => self.queue_fresh(&key, make(), replay.due, replay.now),
                None => self.queue_again(key, replay.due),
            };
        }
        count
    }

    fn is_replayed(&self, replay: &Replay, key: &DeliveryKey, delivery: &Delivery) -> bool {
        let message = &self.messages[&key.message_id];
        key.emitter == replay.emitter
            && replay.since <= message.created_at
            && replay.until.is_none_or(|until| message.created_at < until)
            && delivery.state != DeliveryState::Pending
            && (replay.states.is_empty() || replay.states.contains(&delivery.state))
            && message.body.is_some()
    }

    /// Queues a settled delivery behind what is pending.
    fn queue_again(&mut self, key: DeliveryKey, due: Timestamp) -> DeliveryKey {
        let seq = self.next_seq();
        if let Some(delivery) = self.deliveries.get_mut(&key) {
            let (attempts, recorded) = (delivery.progress.attempts, delivery.attempts.clone());
            *delivery = Delivery {
                progress: Progress {
                    attempts,
                    ..Progress::queued(due)
                },
                attempts: recorded,
                ..Delivery::queued(seq, due)
            };
        }
        self.mark(&key);
        key
    }

    /// Queues a new message like that of a delivery, unless it is there.
    fn queue_fresh(
        &mut self,
        key: &DeliveryKey,
        id: MessageId,
        due: Timestamp,
        now: Timestamp,
    ) -> DeliveryKey {
        let queued = DeliveryKey {
            message_id: id,
            emitter: key.emitter.clone(),
        };
        if self.messages.contains_key(&id) {
            return queued;
        }
        let mut message = Message::clone(&self.messages[&key.message_id]);
        message.id = id;
        message.created_at = now;
        self.messages.insert(id, Arc::new(message));
        let seq = self.next_seq();
        self.deliveries
            .insert(queued.clone(), Delivery::queued(seq, due));
        self.mark(key);
        queued
    }

    fn mark(&mut self, key: &DeliveryKey) {
        self.marks.insert(key.emitter.clone());
        self.changes += 1;
    }
}

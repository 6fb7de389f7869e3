//! Sending deliveries again.

use std::sync::Arc;

use super::{
    row::{Entry, Row, Standing},
    state::State,
};
use crate::{
    delivery::{DeliveryKey, Message, Progress, Seq},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::{Redeliver, RedeliverOutcome, Replay, ids::floor_id},
};

impl State {
    pub(super) fn redeliver(&mut self, redeliver: Redeliver) -> RedeliverOutcome {
        let Redeliver {
            key,
            fresh,
            due,
            now,
        } = redeliver;
        let Some((entry, at)) = self.find(&key) else {
            return RedeliverOutcome::NotFound;
        };
        let (erased, pending) = (entry.message.body.is_none(), entry.rows[at].is_pending());
        let queue = self.queues.get(&key.emitter);
        if queue.is_none_or(|queue| queue.emitter.is_none()) {
            return RedeliverOutcome::EmitterGone;
        }
        if pending {
            return self.hurry(&key, due);
        }
        if erased {
            return RedeliverOutcome::PayloadErased;
        }
        let queued = DeliveryKey {
            message_id: fresh.unwrap_or(key.message_id),
            emitter: key.emitter.clone(),
        };
        let sent_before = fresh.is_some() && self.find(&queued).is_some();
        if !sent_before {
            if self.is_full(&key.emitter) {
                return RedeliverOutcome::QueueFull;
            }
            if self.queue_again(&key, fresh, due, now) {
                self.announce();
            }
        }
        match self.find(&queued) {
            Some((entry, at)) => RedeliverOutcome::Queued(entry.record(at)),
            None => RedeliverOutcome::NotFound,
        }
    }

    pub(super) fn replay(
        &mut self,
        replay: &Replay,
        fresh: Option<&(dyn Fn() -> MessageId + Send + Sync)>,
    ) -> u64 {
        let mut count = 0;
        if self
            .queues
            .get(&replay.emitter)
            .is_none_or(|queue| queue.emitter.is_none())
        {
            return count;
        }
        for message_id in self.replayed(replay) {
            if self.is_full(&replay.emitter) {
                break;
            }
            let key = DeliveryKey {
                message_id,
                emitter: replay.emitter.clone(),
            };
            let fresh = fresh.map(|make| make());
            count += u64::from(self.queue_again(&key, fresh, replay.due, replay.now));
        }
        if count > 0 {
            self.announce();
        }
        count
    }

    /// Makes a pending delivery due, and ends the emitter's cool-down.
    fn hurry(&mut self, key: &DeliveryKey, due: Timestamp) -> RedeliverOutcome {
        if let Some(queue) = self.queues.get_mut(&key.emitter) {
            queue.health.cooling_until = None;
            queue.marked = true;
        }
        self.announce();
        let Some(entry) = self.messages.get_mut(&key.message_id) else {
            return RedeliverOutcome::NotFound;
        };
        let Some(at) = entry.position(&key.emitter) else {
            return RedeliverOutcome::NotFound;
        };
        entry.rows[at].progress.due = due;
        RedeliverOutcome::Pending(entry.record(at))
    }

    /// The messages to be replayed, in the order of their deliveries.
    fn replayed(&self, replay: &Replay) -> Vec<MessageId> {
        let is_meant = |entry: &Entry| {
            let created_at = entry.message.created_at;
            let at = entry.position(&replay.emitter)?;
            let row = &entry.rows[at];
            let state = row.standing.state();
            let meant = replay.means(state, created_at);
            (meant && entry.message.body.is_some()).then_some(row.seq)
        };
        let mut found: Vec<(Seq, MessageId)> = self
            .messages
            .range(floor_id(replay.since)..)
            .filter_map(|(id, entry)| Some((is_meant(entry)?, *id)))
            .collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    fn is_full(&self, emitter: &EmitterId) -> bool {
        let of_emitter = self
            .queues
            .get(emitter)
            .map_or(0, |queue| queue.pending.len());
        of_emitter >= self.limits.pending_per_emitter || self.log.pending >= self.limits.pending
    }

    /// Queues a settled delivery behind what is pending, or a new message like it; `false` if
    /// there is none, or the new one's ID is another message's.
    fn queue_again(
        &mut self,
        key: &DeliveryKey,
        fresh: Option<MessageId>,
        due: Timestamp,
        now: Timestamp,
    ) -> bool {
        if fresh.is_some_and(|id| self.messages.contains_key(&id)) {
            return false;
        }
        let Some(entry) = self.messages.get_mut(&key.message_id) else {
            return false;
        };
        self.last_seq += 1;
        let seq = self.last_seq;
        let queued = match fresh {
            None => {
                let Some(at) = entry.position(&key.emitter) else {
                    return false;
                };
                self.log.open(entry, at, now);
                let row = &mut entry.rows[at];
                row.seq = seq;
                row.progress = Progress {
                    attempts: row.progress.attempts,
                    ..Progress::queued(due)
                };
                key.message_id
            }
            Some(id) => {
                let message = Message {
                    id,
                    created_at: now,
                    ..Message::clone(&entry.message)
                };
                let mut entry = Entry {
                    message: Arc::new(message),
                    rows: vec![Row {
                        emitter: key.emitter.clone(),
                        seq,
                        standing: Standing::Pending,
                        progress: Progress::queued(due),
                        place: None,
                        latest: None,
                        older: Vec::new(),
                    }],
                    pending: 0,
                };
                self.log.add(&mut entry, now);
                self.messages.insert(id, entry);
                id
            }
        };
        let queue = self.queues.entry(key.emitter.clone()).or_default();
        queue.pending.insert(seq, queued);
        queue.marked = true;
        if queue.lease.is_none() {
            self.ready.insert(key.emitter.clone());
        }
        true
    }
}

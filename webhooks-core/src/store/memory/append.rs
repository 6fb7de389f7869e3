//! Appending messages.

use std::collections::{HashMap, HashSet, btree_map};

use super::{
    queue::Queue,
    row::{Entry, Row, Standing},
    state::State,
};
use crate::{
    Error, ErrorKind,
    delivery::{DeadReason, DiscardReason, Progress},
    emitter::EmitterId,
    env::Timestamp,
    store::{
        Append, Appended, AppendedRow, Fate, NewDelivery, NewMessage, NodeId, Receipt, Stored,
    },
};

/// The answer to a delivery that is sent again after it was forgotten.
const GONE: AppendedRow = AppendedRow {
    seq: 0,
    fate: Fate::Stale,
};

impl State {
    pub(super) fn append(&mut self, batch: Append) -> Result<Vec<Appended>, Error> {
        let Append {
            node,
            messages,
            now,
        } = batch;
        let at_most: usize = messages.iter().map(|new| new.deliveries.len()).sum();
        let bound = self.limits.pending;
        // Counting exactly what will be queued is slow, and seldom needed.
        if self.log.pending + at_most > bound
            && self.log.pending + self.count_queued(&messages, now) > bound
        {
            return Err(Error::new(
                ErrorKind::QueueFull,
                format!(
                    "{bound} deliveries are pending, as many as the store takes: try again later"
                ),
            ));
        }
        let mut for_others = false;
        let appended = messages
            .into_iter()
            .map(|new| self.append_one(node, new, now, &mut for_others))
            .collect();
        self.evict();
        if for_others {
            self.announce();
        }
        Ok(appended)
    }

    fn append_one(
        &mut self,
        node: NodeId,
        new: NewMessage,
        now: Timestamp,
        for_others: &mut bool,
    ) -> Appended {
        let message = new.message;
        let place = match self.messages.entry(message.id) {
            btree_map::Entry::Vacant(place) => place,
            btree_map::Entry::Occupied(found) => return sent_again(found.get(), &new.deliveries),
        };
        let scoped = new
            .idempotency
            .map(|(key, fingerprint)| ((message.tenant.clone(), key), fingerprint));
        if let Some((scoped, fingerprint)) = &scoped
            && let Some(known) = self.keys.get(scoped, now)
        {
            if known.receipt.message_id == message.id {
                // It had no deliveries, or they are forgotten.
                let rows = vec![GONE; new.deliveries.len()];
                return Appended::Stored(Stored { rows });
            }
            return if known.fingerprint == *fingerprint {
                Appended::Duplicate(known.receipt.clone())
            } else {
                Appended::IdempotencyMismatch
            };
        }
        let mut answers = Vec::with_capacity(new.deliveries.len());
        let mut rows = Vec::with_capacity(new.deliveries.len());
        for delivery in new.deliveries {
            self.last_seq += 1;
            let seq = self.last_seq;
            let mut queue = self.queues.get_mut(&delivery.emitter);
            let full = self.limits.pending_per_emitter;
            let standing = standing_of(queue.as_deref(), delivery.generation, full);
            let fate = match (standing, &mut queue) {
                (Standing::Pending, Some(queue)) => {
                    queue.pending.insert(seq, message.id);
                    let proven = delivery
                        .epoch
                        .is_some_and(|epoch| queue.is_owner(node, epoch));
                    if proven && !queue.marked {
                        Fate::Straight
                    } else {
                        if !proven {
                            queue.marked = true;
                            *for_others = true;
                            if queue.lease.is_none() {
                                self.ready.insert(delivery.emitter.clone());
                            }
                        }
                        Fate::Withheld
                    }
                }
                (Standing::Dead(_), _) => Fate::QueueFull,
                _ => Fate::Stale,
            };
            answers.push(AppendedRow { seq, fate });
            rows.push(Row {
                emitter: delivery.emitter,
                seq,
                standing,
                progress: Progress::queued(delivery.due),
                place: None,
                latest: None,
                older: Vec::new(),
            });
        }
        if let Some((scoped, fingerprint)) = scoped {
            let receipt = Receipt {
                delivery_id: message.delivery_id.clone(),
                message_id: message.id,
                deliveries: rows.iter().filter(|row| row.is_pending()).count(),
            };
            let limit = self.limits.idempotency_keys;
            self.keys.put(scoped, fingerprint, receipt, now, limit);
        }
        if !rows.is_empty() {
            if rows.len() > 1 {
                rows.sort_unstable_by(|a, b| a.emitter.cmp(&b.emitter));
            }
            let mut entry = Entry {
                message,
                rows,
                pending: 0,
            };
            self.log.add(&mut entry, now);
            place.insert(entry);
        }
        Appended::Stored(Stored { rows: answers })
    }

    /// How many deliveries of these messages would be pending.
    fn count_queued(&self, messages: &[NewMessage], now: Timestamp) -> usize {
        let mut ids = HashSet::new();
        let mut keys = HashSet::new();
        let mut of_emitter: HashMap<&EmitterId, usize> = HashMap::new();
        let mut queued = 0;
        for new in messages {
            let message = &new.message;
            if self.messages.contains_key(&message.id) || !ids.insert(message.id) {
                continue;
            }
            if let Some((key, _)) = &new.idempotency {
                let scoped = (message.tenant.clone(), key.clone());
                if self.keys.get(&scoped, now).is_some() || !keys.insert(scoped) {
                    continue;
                }
            }
            for delivery in &new.deliveries {
                let before = of_emitter.entry(&delivery.emitter).or_default();
                let room = self.limits.pending_per_emitter.saturating_sub(*before);
                let queue = self.queues.get(&delivery.emitter);
                if standing_of(queue, delivery.generation, room) == Standing::Pending {
                    *before += 1;
                    queued += 1;
                }
            }
        }
        queued
    }
}

fn standing_of(queue: Option<&Queue>, generation: u64, full: usize) -> Standing {
    let Some(queue) = queue else {
        return Standing::Discarded(DiscardReason::Detached);
    };
    match queue.refuses(generation) {
        Some(reason) => Standing::Discarded(reason),
        None if queue.pending.len() >= full => Standing::Dead(DeadReason::QueueFull),
        None => Standing::Pending,
    }
}

/// The answer to a message that is there already: nothing of it may go straight to memory, where
/// it may be.
fn sent_again(entry: &Entry, deliveries: &[NewDelivery]) -> Appended {
    let row_of = |delivery: &NewDelivery| {
        let Some(at) = entry.position(&delivery.emitter) else {
            return GONE;
        };
        let row = &entry.rows[at];
        let fate = match row.standing {
            Standing::Dead(DeadReason::QueueFull) => Fate::QueueFull,
            Standing::Discarded(_) => Fate::Stale,
            _ => Fate::Withheld,
        };
        AppendedRow { seq: row.seq, fate }
    };
    Appended::Stored(Stored {
        rows: deliveries.iter().map(row_of).collect(),
    })
}

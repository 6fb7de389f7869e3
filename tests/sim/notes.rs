//! What is taken down of the calls of a node.

use std::collections::BTreeMap;

use webhooks_core::{
    Error,
    delivery::DeliveryKey,
    emitter::EmitterId,
    env::Timestamp,
    store::{Append, Appended, Epoch, Fate, Lease, NodeId, Settle, SettleOutcome, Verdict},
};
use webhooks_tests::history::{
    Answer, Emit,
    inside::{self, Change, Key, Kind, Row},
};

use crate::store::{SimStore, key_of};

impl SimStore {
    /// Returns how many deliveries there are more.
    pub(crate) fn append_seen(&self, batch: &Append, appended: &[Appended]) -> u64 {
        let mut count = 0;
        for (new, appended) in batch.messages.iter().zip(appended) {
            let stored = match appended {
                Appended::Stored(stored) => stored,
                Appended::Duplicate(_) => {
                    self.world.cover("duplicate");
                    continue;
                }
                Appended::IdempotencyMismatch => continue,
            };
            for (delivery, row) in new.deliveries.iter().zip(&stored.rows) {
                let key = DeliveryKey {
                    message_id: new.message.id,
                    emitter: delivery.emitter.clone(),
                };
                let mut counted = self.ledger.counted.lock().unwrap();
                if !counted.appended.insert(key_of(&key)) {
                    self.world.cover("sent again");
                    continue;
                }
                drop(counted);
                match row.fate {
                    Fate::Straight => self.world.cover("straight"),
                    Fate::Withheld => self.world.cover("withheld"),
                    Fate::Stale => self.world.cover("stale"),
                    Fate::QueueFull => {}
                }
                count += u64::from(row.fate != Fate::QueueFull);
                if row.fate.is_queued() {
                    let ordering = new.message.ordering_key.as_ref().map(|key| key.as_str());
                    self.queued(&key, row.seq, delivery.generation, ordering);
                }
            }
        }
        count
    }

    /// What the store's own clock says, where it has one: as in PostgreSQL, leases go by it.
    pub(crate) fn own_clock(&self) -> Option<Timestamp> {
        self.world.plan().is_skewed.then(|| self.world.wall())
    }

    /// Takes down what the store counts, now that so many are queued more. Of a process that is killed at a
    /// commit nobody knows what it queued.
    pub(crate) async fn count(&self, queued: u64) {
        if !self.handle.is_model() {
            return;
        }
        let Ok(stats) = self.inner.stats(self.world.wall()).await else {
            return;
        };
        let total = {
            let mut counted = self.ledger.counted.lock().unwrap();
            counted.queued += queued;
            let ended = stats.all.total;
            inside::Total {
                at: self.world.now(),
                queued: counted.queued,
                both: counted.both,
                pending: stats.all.pending,
                ended: ended.delivered + ended.dead + ended.discarded,
            }
        };
        self.world.seen().history.inside.totals.push(total);
    }

    pub(crate) fn queued(
        &self,
        key: &DeliveryKey,
        seq: u64,
        generation: u64,
        ordering: Option<&str>,
    ) {
        let spec = self.world.plan().spec(key.emitter.as_str());
        let row = Row {
            at: self.world.now(),
            key: key_of(key),
            seq,
            lane: spec.and_then(|spec| spec.lane(ordering)),
            generation,
            by_hand: false,
        };
        self.world
            .record(&row, |history| history.inside.rows.push(row.clone()));
    }

    /// An answer; one that was lost with its process may be to something that was done.
    pub(crate) fn heard<T>(
        &self,
        answer: Result<T, Error>,
        done: impl FnOnce(),
    ) -> Result<T, Error> {
        if answer.is_err() && self.handle.may_be_done() {
            done();
        }
        answer
    }

    /// The same for a change, which may have been made or not.
    pub(crate) fn heard_change<T>(
        &self,
        answer: Result<T, Error>,
        emitter: &EmitterId,
        kind: Kind,
    ) -> Result<T, Error> {
        if answer.is_err() && self.handle.is_killed() {
            let change = self.change(emitter, kind);
            self.world.record(("perhaps", &change), |history| {
                history.inside.perhaps.push(change.clone());
            });
        }
        answer
    }

    pub(crate) fn again(&self, key: &Key) {
        let at = self.world.now();
        self.world.record(("again", &key), |history| {
            history.inside.again.push((at, key.clone()));
        });
    }

    pub(crate) fn discarded(&self, key: &Key) {
        let at = self.world.now();
        self.world.record(("discarded", &key), |history| {
            history.inside.discards.push((at, key.clone()));
        });
    }

    /// Whichever of them they were.
    pub(crate) fn replayed(&self, emitter: &str) {
        let at = self.world.now();
        self.world.record(("replayed", emitter), |history| {
            let rows = history.inside.rows.iter();
            let again = rows.filter(|row| row.key.0 == emitter);
            let again: Vec<_> = again.map(|row| (at, row.key.clone())).collect();
            history.inside.again.extend(again);
        });
    }

    /// A copy of a message is an event of its own.
    pub(crate) fn copied(&self, id: &str, copy: &DeliveryKey) {
        let message = copy.message_id.to_string();
        let called = format!("{id}, copied as {message}");
        let mut seen = self.world.seen();
        if let Some(emit) = seen.history.emits.get(id).cloned() {
            let emit = Emit {
                called: self.world.now(),
                answer: Answer::Unknown,
                targets: BTreeMap::new(),
                ..emit
            };
            seen.history.emits.insert(called.clone(), emit);
        }
        seen.copies.insert(message, called);
    }

    fn change(&self, emitter: &EmitterId, kind: Kind) -> Change {
        Change {
            process: self.process,
            emitter: emitter.to_string(),
            kind,
            at: self.world.now(),
            returned: None,
        }
    }

    pub(crate) fn changed(&self, emitter: &EmitterId, kind: Kind) {
        let change = self.change(emitter, kind);
        self.world.record(&change, |history| {
            history.inside.changes.push(change.clone())
        });
    }

    pub(crate) fn leased(&self, node: NodeId, leases: &[Lease]) {
        let mut owners = self.ledger.owners.lock().unwrap();
        for lease in leases {
            let owner = (node, lease.epoch);
            let before = owners.insert(lease.emitter.clone(), owner);
            if before == Some(owner) {
                continue;
            }
            match before {
                Some((other, _)) if other != node => {
                    self.world.cover("takeover");
                    self.world.fault();
                }
                _ => self.world.cover("lease"),
            }
            self.lease(&lease.emitter, node, lease.epoch, true);
        }
    }

    pub(crate) fn lease(&self, emitter: &EmitterId, node: NodeId, epoch: Epoch, is_taken: bool) {
        let lease = inside::Lease {
            at: self.world.now(),
            emitter: emitter.to_string(),
            node: format!("{node:?}"),
            epoch,
            is_taken,
        };
        self.world
            .record(&lease, |history| history.inside.leases.push(lease.clone()));
    }

    pub(crate) fn given_back(&self, node: NodeId, leases: &[(EmitterId, Epoch)]) {
        let mut owners = self.ledger.owners.lock().unwrap();
        for (emitter, epoch) in leases {
            if owners.get(emitter) == Some(&(node, *epoch)) {
                owners.remove(emitter);
                self.world.cover("given back");
                self.lease(emitter, node, *epoch, false);
            }
        }
    }

    pub(crate) fn settled(&self, batch: &Settle, outcomes: &[SettleOutcome]) {
        for (emitter, _, health) in &batch.health {
            if let Some(until) = health.cooling_until {
                let cooling = inside::Cooling {
                    at: self.world.now(),
                    emitter: emitter.to_string(),
                    until: self.world.moment(until),
                };
                self.world.record(&cooling, |history| {
                    history.inside.cooling.push(cooling.clone());
                });
            }
        }
        for (settlement, outcome) in batch.settlements.iter().zip(outcomes) {
            match outcome {
                SettleOutcome::Fenced => self.world.cover("fenced"),
                SettleOutcome::Superseded => {
                    self.world.cover("superseded");
                    let is_delivered = settlement.verdict == Verdict::Delivered;
                    self.ledger.counted.lock().unwrap().both += u64::from(is_delivered);
                }
                SettleOutcome::Gone | SettleOutcome::Settled => {}
            }
            let verdict = match settlement.verdict {
                Verdict::Delivered => inside::Verdict::Delivered,
                Verdict::Retry(progress) => inside::Verdict::Retry(self.world.moment(progress.due)),
                Verdict::Dead(_) => inside::Verdict::Dead,
            };
            let settle = inside::Settle {
                at: self.world.now(),
                process: self.process,
                claim: (format!("{:?}", batch.node), settlement.epoch),
                key: key_of(&settlement.key),
                number: settlement.attempt.number,
                verdict,
                was_taken: *outcome == SettleOutcome::Settled,
            };
            self.world.record(&settle, |history| {
                history.inside.settles.push(settle.clone())
            });
        }
    }
}

//! What every call of a node goes through on its way to the store that all share: it is taken down, and a
//! planted bug does its harm here.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex},
};

use webhooks_core::{
    delivery::{DeliveryKey, DeliveryState},
    emitter::{Backlog, EmitterId},
    env::Timestamp,
    event::MessageId,
    store::{
        Append, Appended, DeliveryDetail, DeliveryFilter, DeliveryRecord, DiscardOutcome,
        EmitterStanding, EmitterTable, Epoch, Lease, LeaseRequest, Load, Loaded, MessageDetail,
        NodeId, Page, PendingRow, Prune, Pruned, PutEmitter, PutOutcome, Redeliver,
        RedeliverOutcome, Renewal, Replay, SetState, Settle, SettleOutcome, SqliteStore,
        StateChange, StateOutcome, Stats, Store, StoreFuture,
    },
};
use webhooks_tests::history::inside::{self, Key, Kind, Process};

use crate::{backing::Handle, bug::Bug, world::World};

/// One process's way to the store.
#[derive(Clone)]
pub(crate) struct SimStore {
    pub(crate) world: World,
    pub(crate) process: Process,
    pub(crate) inner: Arc<dyn Store>,
    pub(crate) handle: Handle,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) bug: Option<Bug>,
}

/// What was seen to be committed, by all processes.
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) owners: Mutex<BTreeMap<EmitterId, (NodeId, Epoch)>>,
    /// What the counts of the store must add up to.
    pub(crate) counted: Mutex<Counted>,
    /// Rows that were loaded, for a bug that brings them again.
    pub(crate) loaded: Mutex<BTreeMap<EmitterId, PendingRow>>,
}

/// What was queued by all processes, and what of it was discarded and delivered.
#[derive(Default)]
pub(crate) struct Counted {
    /// What was appended; what is sent again is not.
    pub(crate) appended: BTreeSet<Key>,
    pub(crate) queued: u64,
    pub(crate) both: u64,
}

/// A delivery, as histories name it.
pub(crate) fn key_of(key: &DeliveryKey) -> Key {
    (key.emitter.to_string(), key.message_id.to_string())
}

impl fmt::Debug for SimStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimStore").finish_non_exhaustive()
    }
}

impl Store for SimStore {
    fn is_persistent(&self) -> bool {
        // Whatever it is: what a node leaves is there for the next.
        true
    }

    fn as_sqlite(&self) -> Option<&SqliteStore> {
        self.inner.as_sqlite()
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        self.inner.version()
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        self.inner.emitters()
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        Box::pin(async move {
            let emitter = put.emitter.id().clone();
            let outcome = self.inner.put_emitter(put).await;
            let outcome = self.heard_change(outcome, &emitter, Kind::Attached)?;
            match &outcome {
                PutOutcome::Created(_) => self.changed(&emitter, Kind::Attached),
                PutOutcome::Updated(_) => self.changed(&emitter, Kind::Configured),
                _ => {}
            }
            Ok(outcome)
        })
    }

    fn set_state(&self, mut change: SetState) -> StoreFuture<'_, StateOutcome> {
        Box::pin(async move {
            let (emitter, asked) = (change.emitter.clone(), change.change);
            if self.bug == Some(Bug::DiscardsAreForgotten)
                && asked == StateChange::Pause(Backlog::Discard)
            {
                change.change = StateChange::Pause(Backlog::Keep);
            }
            let outcome = self.inner.set_state(change).await;
            let kind = match asked {
                StateChange::Pause(Backlog::Keep) => Kind::Paused,
                StateChange::Pause(Backlog::Discard) => Kind::Discarded,
                StateChange::Restart => Kind::Restarted,
                StateChange::Disable(_) => Kind::Disabled,
            };
            let outcome = self.heard_change(outcome, &emitter, kind)?;
            // A discard of what is paused already changes no state, and discards all the same.
            let is_there = !matches!(outcome, StateOutcome::NotFound);
            let discards = kind == Kind::Discarded && is_there;
            if matches!(outcome, StateOutcome::Changed(_)) || discards {
                self.changed(&emitter, kind);
            }
            self.count(0).await;
            Ok(outcome)
        })
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let removed = self.inner.remove_emitter(emitter.clone(), now).await;
            let removed = self.heard_change(removed, &emitter, Kind::Detached)?;
            if removed {
                self.changed(&emitter, Kind::Detached);
            }
            self.count(0).await;
            Ok(removed)
        })
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        self.inner.standing(emitters)
    }

    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal> {
        Box::pin(async move {
            let own = self.own_clock();
            let now = own.unwrap_or(now);
            if self.has(Bug::RenewalsAreForgotten) {
                return Ok(Renewal::Alive {
                    until: now,
                    clock: None,
                });
            }
            let renewal = self.inner.renew(node, now).await?;
            match renewal {
                Renewal::Alive { until, .. } => {
                    let alive = Renewal::Alive { until, clock: own };
                    let renewal = inside::Renewal {
                        process: self.process,
                        node: format!("{node:?}"),
                        asked: self.world.moment(now),
                        at: self.world.now(),
                    };
                    self.world.record(&renewal, |history| {
                        history.inside.renewals.push(renewal.clone());
                    });
                    Ok(alive)
                }
                Renewal::Dead => {
                    self.world.cover("found itself dead");
                    self.world.fault();
                    Ok(renewal)
                }
            }
        })
    }

    fn lease(&self, mut request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        if let Some(now) = self.own_clock() {
            request.now = now;
        }
        Box::pin(self.lease_all(request))
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            self.inner.give_back(node, leases.clone()).await?;
            self.given_back(node, &leases);
            Ok(())
        })
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        Box::pin(self.append_all(batch))
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        Box::pin(self.load_all(loads))
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        Box::pin(self.settle_all(batch))
    }

    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>> {
        self.inner.deliveries(filter)
    }

    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>> {
        self.inner.delivery(key)
    }

    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>> {
        self.inner.message(id)
    }

    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome> {
        Box::pin(async move {
            let old = redeliver.key.clone();
            let outcome = self.inner.redeliver(redeliver).await;
            let outcome = self.heard(outcome, || self.again(&key_of(&old)))?;
            let is_queued = matches!(outcome, RedeliverOutcome::Queued(_));
            self.count(u64::from(is_queued)).await;
            if let RedeliverOutcome::Queued(record) | RedeliverOutcome::Pending(record) = &outcome {
                self.world.cover("redelivered");
                self.again(&key_of(&record.key));
                // What is pending still is not copied.
                if record.key != old {
                    self.copied(record.delivery_id.as_str(), &record.key);
                }
                // One that came for an old generation was never in the queue.
                let key = key_of(&record.key);
                let is_known = self
                    .world
                    .seen()
                    .history
                    .inside
                    .rows
                    .iter()
                    .any(|row| row.key == key);
                if matches!(outcome, RedeliverOutcome::Queued(_)) && !is_known {
                    let ordering = record.ordering_key.as_ref().map(|key| key.as_str());
                    self.queued(&record.key, record.seq, 0, ordering);
                    let created = self.world.moment(record.created_at);
                    let mut seen = self.world.seen();
                    if let Some(row) = seen.history.inside.rows.last_mut() {
                        row.by_hand = record.key == old;
                        // Or it was, and the process that could tell was killed.
                        if record.attempt_count > 0 {
                            (row.at, row.by_hand) = (created, false);
                        }
                    }
                }
            }
            Ok(outcome)
        })
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        Box::pin(async move {
            let outcome = self.inner.discard(key.clone(), now).await;
            let outcome = self.heard(outcome, || self.discarded(&key_of(&key)))?;
            if matches!(outcome, DiscardOutcome::Discarded(_)) {
                self.world.cover("discarded by hand");
                self.discarded(&key_of(&key));
            }
            self.count(0).await;
            Ok(outcome)
        })
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let emitter = replay.emitter.to_string();
            let count = self.inner.replay(replay, fresh).await;
            let count = self.heard(count, || self.replayed(&emitter))?;
            self.world.cover("replayed");
            self.replayed(&emitter);
            self.count(count).await;
            Ok(count)
        })
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let before = self.inner.message(id).await?;
            let pending = before.into_iter().flat_map(|message| message.deliveries);
            let pending = pending.filter(|record| record.state == DeliveryState::Pending);
            let keys: Vec<_> = pending.map(|record| key_of(&record.key)).collect();
            let discarded = || keys.iter().for_each(|key| self.discarded(key));
            let erased = self.inner.erase_payload(id, now).await;
            let erased = self.heard(erased, discarded)?;
            self.world.cover("erased");
            discarded();
            self.count(0).await;
            Ok(erased)
        })
    }

    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned> {
        self.inner.prune(prune)
    }

    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats> {
        self.inner.stats(now)
    }

    fn changed(&self, seen: u64) -> StoreFuture<'_, u64> {
        self.inner.changed(seen)
    }
}

//! The store over a model.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::{Model, ModelTransaction};
use crate::{
    delivery::DeliveryKey,
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::{
        Append, Appended, DeliveryDetail, DeliveryFilter, DeliveryRecord, DiscardOutcome,
        EmitterStanding, EmitterTable, Epoch, Lease, LeaseRequest, Load, Loaded, MessageDetail,
        NodeId, Page, Prune, Pruned, PutEmitter, PutOutcome, Redeliver, RedeliverOutcome, Renewal,
        Replay, SetState, Settle, SettleOutcome, StateOutcome, Stats, Store, StoreFuture,
    },
};

/// A store over a [`Model`]. Clones share everything.
#[derive(Clone)]
pub struct ModelStore {
    model: Arc<Mutex<Model>>,
    /// Wakes in the order in which it is waited for: `watch` draws one, and a simulation would not go the
    /// same way twice.
    changed: Arc<Notify>,
}

impl ModelStore {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            model: Arc::default(),
            changed: Arc::default(),
        }
    }

    /// Reads or changes the model, all at once; who waits for changes is told.
    pub fn with<T>(&self, work: impl FnOnce(&mut Model) -> T) -> T {
        let mut model = self.model.lock().unwrap_or_else(PoisonError::into_inner);
        let before = model.changes();
        let done = work(&mut model);
        if model.changes() != before {
            self.changed.notify_waiters();
        }
        done
    }

    /// A transaction of the application's, to emit events in.
    #[must_use]
    pub fn begin(&self) -> ModelTransaction {
        ModelTransaction::new(self.clone())
    }

    /// Does its work at the first poll.
    fn answer<T: Send>(
        &self,
        work: impl FnOnce(&mut Model) -> T + Send + 'static,
    ) -> StoreFuture<'_, T> {
        Box::pin(async move { Ok(self.with(work)) })
    }
}

impl Default for ModelStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ModelStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelStore").finish_non_exhaustive()
    }
}

impl Store for ModelStore {
    fn is_persistent(&self) -> bool {
        false
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        self.answer(|model| model.version())
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        self.answer(|model| model.emitters())
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        self.answer(|model| model.put_emitter(put))
    }

    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome> {
        self.answer(|model| model.set_state(change))
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.answer(move |model| model.remove_emitter(&emitter, now))
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        self.answer(move |model| emitters.iter().map(|id| model.standing(id)).collect())
    }

    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal> {
        self.answer(move |model| model.renew(node, now))
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        self.answer(|model| model.lease(request))
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        self.answer(move |model| model.give_back(node, &leases))
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        self.answer(|model| model.append(batch))
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        self.answer(move |model| loads.iter().map(|load| model.load(load)).collect())
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        self.answer(|model| model.settle(batch))
    }

    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>> {
        self.answer(move |model| model.deliveries(&filter))
    }

    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>> {
        self.answer(move |model| model.delivery(&key))
    }

    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>> {
        self.answer(move |model| model.message(id))
    }

    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome> {
        self.answer(|model| model.redeliver(redeliver))
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        self.answer(move |model| model.discard(&key, now))
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        self.answer(move |model| model.replay(&replay, fresh.as_deref()))
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.answer(move |model| model.erase_payload(id, now))
    }

    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned> {
        self.answer(move |model| model.prune(prune))
    }

    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats> {
        self.answer(move |model| model.stats(now))
    }

    fn changed(&self, seen: u64) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            loop {
                let mut changed = pin!(self.changed.notified());
                // From here on a change wakes it.
                changed.as_mut().enable();
                let count = self.with(|model| model.changes());
                if count > seen {
                    return Ok(count);
                }
                changed.await;
            }
        })
    }
}

//! The handle: each method takes the lock and does its work.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use tokio::sync::watch;

use super::{MemoryLimits, state::State};
use crate::{
    Error, ErrorKind,
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

/// A store in memory: what is queued does not survive the process. Clones share everything.
///
/// How much it keeps is bounded by [`MemoryLimits`].
#[derive(Clone)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
    changes: watch::Receiver<u64>,
}

impl MemoryStore {
    /// An empty store with the default limits.
    #[must_use]
    pub fn new() -> Self {
        Self::with_limits(MemoryLimits::default())
    }

    /// An empty store with these limits.
    #[must_use]
    pub fn with_limits(limits: MemoryLimits) -> Self {
        let state = State::new(limits);
        Self {
            changes: state.changes.subscribe(),
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> Result<T, Error> {
        match self.state.lock() {
            Ok(mut state) => Ok(work(&mut state)),
            Err(_) => Err(Error::new(
                ErrorKind::Store,
                "the memory store is lost: an earlier call panicked half way",
            )),
        }
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

impl Store for MemoryStore {
    fn is_persistent(&self) -> bool {
        false
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        Box::pin(async move { self.with(|state| state.version) })
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        Box::pin(async move { self.with(|state| state.table()) })
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        Box::pin(async move { self.with(|state| state.put_emitter(put)) })
    }

    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome> {
        Box::pin(async move { self.with(|state| state.set_state(change)) })
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move { self.with(|state| state.remove_emitter(&emitter, now)) })
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        Box::pin(async move {
            self.with(|state| {
                emitters
                    .iter()
                    .map(|emitter| state.standing(emitter))
                    .collect()
            })
        })
    }

    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal> {
        Box::pin(async move { self.with(|state| state.nodes.renew(node, now)) })
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        Box::pin(async move { self.with(|state| state.lease(request)) })
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        Box::pin(async move { self.with(|state| state.give_back(node, &leases)) })
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        Box::pin(async move { self.with(|state| state.append(batch))? })
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        Box::pin(
            async move { self.with(|state| loads.iter().map(|load| state.load(load)).collect()) },
        )
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        Box::pin(async move { self.with(|state| state.settle(batch)) })
    }

    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>> {
        Box::pin(async move { self.with(|state| state.deliveries(&filter)) })
    }

    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>> {
        Box::pin(async move { self.with(|state| state.delivery(&key)) })
    }

    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>> {
        Box::pin(async move { self.with(|state| state.message(id)) })
    }

    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome> {
        Box::pin(async move { self.with(|state| state.redeliver(redeliver)) })
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        Box::pin(async move { self.with(|state| state.discard(&key, now)) })
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        Box::pin(async move { self.with(|state| state.replay(&replay, fresh.as_deref())) })
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move { self.with(|state| state.erase_payload(id, now)) })
    }

    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned> {
        Box::pin(async move { self.with(|state| state.prune(prune)) })
    }

    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats> {
        Box::pin(async move { self.with(|state| state.stats(now)) })
    }

    fn changed(&self, seen: u64) -> StoreFuture<'_, u64> {
        let mut changes = self.changes.clone();
        Box::pin(async move {
            let count = changes.wait_for(|count| *count > seen).await;
            Ok(*count.expect("the state holds the sender for as long as this borrows the store"))
        })
    }
}

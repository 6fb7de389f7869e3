//! The wrapper.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::time::sleep;

use super::{Fault, Operation, script::Script};
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

/// A store whose calls fail as they are told to; all others go to the store inside. Clones are one.
///
/// Calls are counted when their future is first polled. What is emitted in a transaction of the
/// application's is no call.
pub struct FaultStore<S: ?Sized> {
    inner: Arc<S>,
    script: Arc<Mutex<Script>>,
}

impl<S: Store> FaultStore<S> {
    /// Over this store; no call fails until it is told to.
    #[must_use]
    pub fn new(inner: S) -> Self {
        Self::over(Arc::new(inner))
    }
}

impl<S: Store + ?Sized> FaultStore<S> {
    /// Over a store that others have too.
    #[must_use]
    pub fn over(inner: Arc<S>) -> Self {
        Self {
            inner,
            script: Arc::default(),
        }
    }

    /// The store inside.
    #[must_use]
    pub fn inner(&self) -> &Arc<S> {
        &self.inner
    }

    /// Strikes the `n`-th call from now on, whichever it is; 1 is the next.
    pub fn strike_nth(&self, n: u64, fault: Fault) {
        self.script().strike_nth(n, fault);
    }

    /// Strikes the `n`-th call of this method from now on; 1 is the next.
    pub fn strike_nth_of(&self, operation: Operation, n: u64, fault: Fault) {
        self.script().strike_nth_of(operation, n, fault);
    }

    /// Strikes one of so many calls that nothing else strikes, each by a fault that is drawn; the
    /// same ones each time for the same seed.
    pub fn strike_at_random(&self, seed: u64, one_in: usize) {
        self.script().strike_at_random(seed, one_in);
    }

    /// Strikes calls that nothing else strikes as `choose` says: for a simulation, whose faults come and
    /// go. It is asked for each of them, in their order.
    pub fn strike_as(&self, choose: impl FnMut(Operation) -> Option<Fault> + Send + 'static) {
        self.script().strike_as(choose);
    }

    /// Strikes no further call.
    pub fn heal(&self) {
        self.script().heal();
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.script().calls()
    }

    /// How many calls of this method there were.
    #[must_use]
    pub fn calls_of(&self, operation: Operation) -> u64 {
        self.script().calls_of(operation)
    }

    /// How many calls were struck.
    #[must_use]
    pub fn fired(&self) -> u64 {
        self.script().fired()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call<T, F>(
        &self,
        operation: Operation,
        call: impl FnOnce(Arc<S>) -> F + Send + 'static,
    ) -> StoreFuture<'_, T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        Box::pin(async move {
            let fault = self.script().next(operation);
            let call = call(self.inner.clone());
            match fault {
                None => call.await,
                Some(Fault::Refused) => Err(error(operation, "was refused")),
                Some(Fault::Lost) => {
                    drop(call.await);
                    Err(error(operation, "has lost its answer"))
                }
                Some(Fault::Late(time)) => {
                    let answer = call.await;
                    sleep(time).await;
                    answer
                }
                Some(Fault::Delayed(time)) => {
                    detached(async move {
                        sleep(time).await;
                        call.await
                    })
                    .await
                }
            }
        })
    }
}

impl<S: ?Sized> Clone for FaultStore<S> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            script: self.script.clone(),
        }
    }
}

impl<S: Store + ?Sized> fmt::Debug for FaultStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultStore")
            .field("script", &*self.script())
            .finish_non_exhaustive()
    }
}

fn error(operation: Operation, what: &str) -> Error {
    let message = format!("a call that was told to fail {what}: {operation:?}");
    Error::new(ErrorKind::Store, message)
}

/// Goes on when it is dropped.
#[allow(
    clippy::disallowed_methods,
    reason = "a panic reaches whoever waits; a call is not undone when nobody does"
)]
async fn detached<T: Send + 'static>(
    call: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    match tokio::spawn(call).await {
        Ok(answer) => answer,
        Err(ended) => match ended.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(ended) => {
                let error = Error::new(ErrorKind::Store, "the runtime ended during a call");
                Err(error.with_source(ended))
            }
        },
    }
}

impl<S: Store + ?Sized> Store for FaultStore<S> {
    fn is_persistent(&self) -> bool {
        self.inner.is_persistent()
    }

    #[cfg(feature = "sqlite")]
    fn as_sqlite(&self) -> Option<&crate::store::SqliteStore> {
        self.inner.as_sqlite()
    }

    #[cfg(feature = "postgres")]
    fn as_postgres(&self) -> Option<&crate::store::PostgresStore> {
        self.inner.as_postgres()
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        self.call(
            Operation::Version,
            |store| async move { store.version().await },
        )
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        self.call(Operation::Emitters, |store| async move {
            store.emitters().await
        })
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        self.call(Operation::PutEmitter, |store| async move {
            store.put_emitter(put).await
        })
    }

    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome> {
        self.call(Operation::SetState, |store| async move {
            store.set_state(change).await
        })
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.call(Operation::RemoveEmitter, move |store| async move {
            store.remove_emitter(emitter, now).await
        })
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        self.call(Operation::Standing, |store| async move {
            store.standing(emitters).await
        })
    }

    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal> {
        self.call(Operation::Renew, move |store| async move {
            store.renew(node, now).await
        })
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        self.call(Operation::Lease, |store| async move {
            store.lease(request).await
        })
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        self.call(Operation::GiveBack, move |store| async move {
            store.give_back(node, leases).await
        })
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        self.call(Operation::Append, |store| async move {
            store.append(batch).await
        })
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        self.call(
            Operation::Load,
            |store| async move { store.load(loads).await },
        )
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        self.call(Operation::Settle, |store| async move {
            store.settle(batch).await
        })
    }

    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>> {
        self.call(Operation::Deliveries, |store| async move {
            store.deliveries(filter).await
        })
    }

    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>> {
        self.call(Operation::Delivery, |store| async move {
            store.delivery(key).await
        })
    }

    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>> {
        self.call(Operation::Message, move |store| async move {
            store.message(id).await
        })
    }

    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome> {
        self.call(Operation::Redeliver, |store| async move {
            store.redeliver(redeliver).await
        })
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        self.call(Operation::Discard, move |store| async move {
            store.discard(key, now).await
        })
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        self.call(Operation::Replay, |store| async move {
            store.replay(replay, fresh).await
        })
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.call(Operation::ErasePayload, move |store| async move {
            store.erase_payload(id, now).await
        })
    }

    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned> {
        self.call(Operation::Prune, move |store| async move {
            store.prune(prune).await
        })
    }

    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats> {
        self.call(Operation::Stats, move |store| async move {
            store.stats(now).await
        })
    }

    fn changed(&self, seen: u64) -> StoreFuture<'_, u64> {
        self.call(Operation::Changed, move |store| async move {
            store.changed(seen).await
        })
    }
}

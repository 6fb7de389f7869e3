//! The store, whose answers nobody gets once it is killed.

use std::{fmt, sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::{
    super::{
        SqliteOptions, SqliteStore,
        open::{Ready, ready, started},
        session::{LOOK, Session},
    },
    Crash, Synchronous,
    executor::Inline,
};
use crate::{
    Error,
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

/// A store in an SQLite file, of a process that is simulated. Clones are one.
#[derive(Clone)]
pub struct InlineSqlite {
    store: SqliteStore,
    inline: Inline,
    look: Duration,
}

impl InlineSqlite {
    /// Opens the database, at once; each store that is opened on it is another process.
    ///
    /// The options' busy timeout is for opening alone.
    ///
    /// # Errors
    /// As [`SqliteOptions::open`].
    pub fn open(options: SqliteOptions, synchronous: Synchronous) -> Result<Self, Error> {
        let mut options = options.resolved()?;
        options.synchronous = synchronous.as_str();
        let Ready {
            connection,
            context,
            store_id,
        } = ready(&options)?;
        let (changes, changed) = watch::channel(0);
        // No time passes within a call.
        let patience = Duration::ZERO;
        let inline = Inline::new(Session::new(connection, context.clone(), patience, changes));
        let store = started(&options, context, inline.clone(), changed, store_id);
        Ok(Self {
            store,
            inline,
            look: LOOK,
        })
    }

    /// How often what others wrote is looked for. Defaults to 20 ms, as in production; hours go by faster
    /// with a second, which is as late as a store may be.
    #[must_use]
    pub fn look_every(mut self, interval: Duration) -> Self {
        self.look = interval;
        self
    }

    /// Kills the process, between calls.
    pub fn crash(&self) {
        self.inline.process().kill();
    }

    /// Kills the process at the `n`-th commit from now on; 1 is the next. Calls that only read, or that
    /// refuse what they are asked, commit nothing.
    pub fn crash_at(&self, n: u64, crash: Crash) {
        self.inline.process().kill_at(n, crash);
    }

    /// Whether the process was killed.
    #[must_use]
    pub fn is_crashed(&self) -> bool {
        self.inline.process().is_killed()
    }

    /// A call, whose answer is lost if the process is killed meanwhile.
    fn call<'a, T>(
        &'a self,
        call: impl Future<Output = Result<T, Error>> + Send + 'a,
    ) -> StoreFuture<'a, T> {
        Box::pin(async move {
            let answer = call.await;
            self.inline.process().alive()?;
            answer
        })
    }
}

impl fmt::Debug for InlineSqlite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InlineSqlite")
            .field("store", &self.store)
            .field("is_crashed", &self.is_crashed())
            .finish()
    }
}

impl Store for InlineSqlite {
    fn is_persistent(&self) -> bool {
        self.store.is_persistent()
    }

    fn as_sqlite(&self) -> Option<&SqliteStore> {
        Some(&self.store)
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        self.call(self.store.version())
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        self.call(self.store.emitters())
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        self.call(self.store.put_emitter(put))
    }

    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome> {
        self.call(self.store.set_state(change))
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.call(self.store.remove_emitter(emitter, now))
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        self.call(self.store.standing(emitters))
    }

    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal> {
        self.call(self.store.renew(node, now))
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        self.call(self.store.lease(request))
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        self.call(self.store.give_back(node, leases))
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        self.call(self.store.append(batch))
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        self.call(self.store.load(loads))
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        self.call(self.store.settle(batch))
    }

    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>> {
        self.call(self.store.deliveries(filter))
    }

    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>> {
        self.call(self.store.delivery(key))
    }

    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>> {
        self.call(self.store.message(id))
    }

    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome> {
        self.call(self.store.redeliver(redeliver))
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        self.call(self.store.discard(key, now))
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        self.call(self.store.replay(replay, fresh))
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.call(self.store.erase_payload(id, now))
    }

    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned> {
        self.call(self.store.prune(prune))
    }

    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats> {
        self.call(self.store.stats(now))
    }

    fn changed(&self, seen: u64) -> StoreFuture<'_, u64> {
        self.call(async move {
            loop {
                self.inline.process().look();
                if let Ok(count) = timeout(self.look, self.store.changed(seen)).await {
                    return count;
                }
            }
        })
    }
}

//! The store.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use webhooks_core::{
    EmitterId, Error, ErrorKind, MemoryStore, MessageId,
    delivery::DeliveryKey,
    env::{Env, Timestamp},
    store::{
        Append, Appended, DeliveryDetail, DeliveryFilter, DeliveryRecord, DiscardOutcome,
        EmitterStanding, EmitterTable, Epoch, Lease, LeaseRequest, Load, Loaded, MessageDetail,
        NodeId, Page, PostgresStore, Prune, Pruned, PutEmitter, PutOutcome, Redeliver,
        RedeliverOutcome, Renewal, Replay, SecretsKey, SetState, Settle, SettleOutcome,
        SqliteStore, StateOutcome, Stats, Store, StoreFuture, postgres::PostgresOptions,
    },
};

use crate::{
    Gate,
    postgres::{Schema, schema},
};

/// A store in memory that says of itself that it persists, or one in an SQLite file or in PostgreSQL: it
/// outlives the webhooks of a test. What it is asked and what it answers can be held up, answers can be lost. Clones
/// are one.
#[derive(Clone)]
pub struct TestStore {
    inner: Arc<dyn Store>,
    place: Place,
    append_answers: Gate,
    settle_requests: Gate,
    settle_answers: Gate,
    settle_answers_to_lose: Arc<AtomicUsize>,
}

impl TestStore {
    /// One in a new SQLite file, which is gone with the last clone.
    #[must_use]
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self::at(Place::File(Arc::new(directory)))
    }

    /// One in a new schema of PostgreSQL, which is gone with the last clone. Where there is no PostgreSQL it
    /// has been said that this is skipped, and the test goes over a store in memory.
    #[must_use]
    pub fn postgres() -> Self {
        match in_background(schema()) {
            Some(schema) => {
                let key = SecretsKey::generate(&Env::system());
                Self::at(Place::Schema(Arc::new(schema), key))
            }
            None => Self::default(),
        }
    }

    /// The same data as another process has them: through a handle of its own, where they are not in
    /// memory.
    #[must_use]
    pub fn another(&self) -> Self {
        match self.place.open() {
            Some(inner) => Self {
                inner,
                ..self.clone()
            },
            None => self.clone(),
        }
    }

    fn at(place: Place) -> Self {
        let inner = place.open();
        Self::new(inner.unwrap_or_else(|| Arc::new(MemoryStore::new())), place)
    }

    fn new(inner: Arc<dyn Store>, place: Place) -> Self {
        Self {
            inner,
            place,
            append_answers: Gate::default(),
            settle_requests: Gate::default(),
            settle_answers: Gate::default(),
            settle_answers_to_lose: Arc::default(),
        }
    }

    /// What the answers to appends pass, once everything is stored.
    #[must_use]
    pub fn append_answers(&self) -> &Gate {
        &self.append_answers
    }

    /// What settlements pass before anything is settled.
    #[must_use]
    pub fn settle_requests(&self) -> &Gate {
        &self.settle_requests
    }

    /// What the answers to settlements pass, once everything is settled.
    #[must_use]
    pub fn settle_answers(&self) -> &Gate {
        &self.settle_answers
    }

    /// Loses the next `count` answers to settlements.
    pub fn lose_settle_answers(&self, count: usize) {
        self.settle_answers_to_lose.store(count, Ordering::SeqCst);
    }

    /// How many answers to settlements are still to be lost.
    #[must_use]
    pub fn settle_answers_to_lose(&self) -> usize {
        self.settle_answers_to_lose.load(Ordering::SeqCst)
    }

    fn loses_settle_answer(&self) -> bool {
        let less = |count: usize| count.checked_sub(1);
        self.settle_answers_to_lose
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }
}

impl Default for TestStore {
    fn default() -> Self {
        Self::at(Place::Memory)
    }
}

/// Where a store is.
#[derive(Clone)]
enum Place {
    Memory,
    File(Arc<TempDir>),
    Schema(Arc<Schema>, SecretsKey),
}

impl Place {
    /// A handle on what is there, also where nothing can be awaited; `None` for what has only one.
    fn open(&self) -> Option<Arc<dyn Store>> {
        Some(match self {
            Self::Memory => return None,
            Self::File(directory) => {
                let opening = SqliteStore::open(directory.path().join("webhooks.db"));
                Arc::new(in_background(opening).unwrap())
            }
            Self::Schema(schema, key) => {
                let options = PostgresOptions::new(schema.url(), key.clone()).unwrap();
                let options = options.schema(schema.name()).unwrap();
                Arc::new(in_background(options.connect()).unwrap())
            }
        })
    }
}

/// Runs this where it can be awaited: on a runtime that outlives the tests, as what a store does in the
/// background must.
fn in_background<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
        let mut runtime = Builder::new_multi_thread();
        runtime.worker_threads(1).enable_all().build().unwrap()
    });
    let (sender, done) = std::sync::mpsc::channel();
    RUNTIME.spawn(async move {
        let _ = sender.send(work.await);
    });
    done.recv().unwrap()
}

impl Store for TestStore {
    fn as_sqlite(&self) -> Option<&SqliteStore> {
        self.inner.as_sqlite()
    }

    fn as_postgres(&self) -> Option<&PostgresStore> {
        self.inner.as_postgres()
    }

    fn is_persistent(&self) -> bool {
        true
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        self.inner.version()
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        self.inner.emitters()
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        self.inner.put_emitter(put)
    }

    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome> {
        self.inner.set_state(change)
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.inner.remove_emitter(emitter, now)
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        self.inner.standing(emitters)
    }

    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal> {
        self.inner.renew(node, now)
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        self.inner.lease(request)
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        self.inner.give_back(node, leases)
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        Box::pin(async move {
            let appended = self.inner.append(batch).await;
            self.append_answers.pass().await;
            appended
        })
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        self.inner.load(loads)
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        Box::pin(async move {
            self.settle_requests.pass().await;
            let settled = self.inner.settle(batch).await;
            self.settle_answers.pass().await;
            if self.loses_settle_answer() {
                return Err(Error::new(ErrorKind::Store, "the answer was lost"));
            }
            settled
        })
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
        self.inner.redeliver(redeliver)
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        self.inner.discard(key, now)
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        self.inner.replay(replay, fresh)
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        self.inner.erase_payload(id, now)
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

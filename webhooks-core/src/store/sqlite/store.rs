//! The handle: each method hands its work to an executor.

use std::{fmt, path::Path, sync::Arc};

use tokio::sync::watch;

use super::{
    SqliteOptions,
    executor::Executor,
    failure::Failure,
    job::{self, Answer, Call, Long, ended},
    migrations, ops,
    tx::{Context, Tx},
};
use crate::{
    Error,
    delivery::DeliveryKey,
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    observe,
    store::{
        Append, Appended, DeliveryDetail, DeliveryFilter, DeliveryRecord, DiscardOutcome,
        EmitterStanding, EmitterTable, Epoch, Lease, LeaseRequest, Load, Loaded, MessageDetail,
        Migration, NodeId, Page, Prune, Pruned, PutEmitter, PutOutcome, Redeliver,
        RedeliverOutcome, Renewal, Replay, SetState, Settle, SettleOutcome, StateOutcome, Stats,
        Store, StoreFuture,
    },
};

/// A store in one SQLite file. Clones are one.
#[derive(Clone)]
pub struct SqliteStore {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) options: SqliteOptions,
    pub(super) context: Arc<Context>,
    pub(super) store_id: String,
    executor: Box<dyn Executor>,
    changed: watch::Receiver<u64>,
    /// How far pruning has come.
    places: std::sync::Mutex<ops::Places>,
}

impl SqliteStore {
    /// Opens the database in this file, which is made if it is not there, with its tables and its key.
    ///
    /// # Errors
    /// As [`SqliteOptions::open`].
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        SqliteOptions::new(path).open().await
    }

    /// The statements that make the tables, for those who run migrations with a tool of their own. They
    /// are written with the prefix `webhooks_`.
    #[must_use]
    pub fn migrations() -> &'static [Migration] {
        migrations::MIGRATIONS
    }

    pub(super) fn new(
        options: SqliteOptions,
        context: Arc<Context>,
        executor: Box<dyn Executor>,
        changed: watch::Receiver<u64>,
        store_id: String,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                options,
                context,
                store_id,
                executor,
                changed,
                places: std::sync::Mutex::default(),
            }),
        }
    }

    /// Writes, in one transaction with whatever else waits.
    pub(super) fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Answer<T> {
        let (job, answer) = Call::job(work);
        self.inner.executor.write(job);
        answer
    }

    /// Writes part by part, until there is an answer.
    fn write_long<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<Option<T>, Failure> + Send + 'static,
    ) -> Answer<T> {
        let (job, answer) = Long::job(work);
        self.inner.executor.write(job);
        answer
    }

    pub(super) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Answer<T> {
        let (job, answer) = job::read(work);
        self.inner.executor.read(job);
        answer
    }

    /// Discards what is taken down to be discarded of this emitter.
    fn discard_backlog(&self, emitter: EmitterId) -> Answer<()> {
        self.write_long(move |tx| {
            let more = ops::go_on_discarding(tx, Some(&emitter))?;
            Ok((!more).then_some(()))
        })
    }
}

/// What was answered.
pub(super) async fn answer<T>(answer: Answer<T>) -> Result<T, Error> {
    answer.await.unwrap_or_else(|_| Err(ended()))
}

/// The rest of a backlog: nothing of it is loaded any more, and pruning goes on where this failed.
fn may_be_late(discarded: &Result<(), Error>) {
    if let Err(error) = discarded {
        tracing::warn!(target: observe::STORE, %error, "a backlog is discarded in part: the rest follows");
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // What is written from now on is of nodes that are gone: whoever takes over need not wait for the
        // threads to end.
        self.context.locks.let_go();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.options.path)
            .field("prefix", &self.inner.options.prefix)
            .finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn is_persistent(&self) -> bool {
        true
    }

    fn as_sqlite(&self) -> Option<&SqliteStore> {
        Some(self)
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        Box::pin(async move { answer(self.read(|tx| ops::version(tx))).await })
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        Box::pin(async move { answer(self.read(|tx| ops::table(tx))).await })
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        Box::pin(async move { answer(self.write(move |tx| ops::put(tx, &put))).await })
    }

    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome> {
        Box::pin(async move {
            let emitter = change.emitter.clone();
            let changed = self.write(move |tx| ops::set_state(tx, &change));
            let discarded = self.discard_backlog(emitter);
            let outcome = answer(changed).await?;
            may_be_late(&answer(discarded).await);
            Ok(outcome)
        })
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move {
            let id = emitter.clone();
            let removed = self.write(move |tx| ops::remove(tx, &id, now));
            let discarded = self.discard_backlog(emitter);
            let removed = answer(removed).await?;
            may_be_late(&answer(discarded).await);
            Ok(removed)
        })
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        Box::pin(async move { answer(self.read(move |tx| ops::standing(tx, &emitters))).await })
    }

    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal> {
        Box::pin(async move { answer(self.write(move |tx| ops::renew(tx, node, now))).await })
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        Box::pin(async move { answer(self.write(move |tx| ops::lease(tx, &request))).await })
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        Box::pin(
            async move { answer(self.write(move |tx| ops::give_back(tx, node, &leases))).await },
        )
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        Box::pin(async move { answer(self.write(move |tx| ops::append(tx, &batch))).await })
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        Box::pin(self.load(loads))
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        Box::pin(async move { answer(self.write(move |tx| ops::settle(tx, &batch))).await })
    }

    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>> {
        Box::pin(async move { answer(self.read(move |tx| ops::deliveries(tx, &filter))).await })
    }

    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>> {
        Box::pin(async move { answer(self.read(move |tx| ops::delivery(tx, &key))).await })
    }

    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>> {
        Box::pin(async move { answer(self.read(move |tx| ops::message_detail(tx, id))).await })
    }

    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome> {
        Box::pin(async move { answer(self.write(move |tx| ops::redeliver(tx, &redeliver))).await })
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        Box::pin(async move { answer(self.write(move |tx| ops::discard(tx, &key, now))).await })
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        Box::pin(async move {
            let mut job = ops::ReplayJob::new(replay);
            answer(self.write_long(move |tx| job.step(tx, fresh.as_deref()))).await
        })
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(async move { answer(self.write(move |tx| ops::erase_payload(tx, id, now))).await })
    }

    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned> {
        Box::pin(async move {
            let places = &self.inner.places;
            let lock = || {
                places
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner)
            };
            let mut job = ops::PruneJob::new(prune, lock().clone());
            let (pruned, reached) = answer(self.write_long(move |tx| job.step(tx))).await?;
            *lock() = reached;
            Ok(pruned)
        })
    }

    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats> {
        Box::pin(async move { answer(self.read(move |tx| ops::stats(tx, now))).await })
    }

    fn changed(&self, seen: u64) -> StoreFuture<'_, u64> {
        let mut changed = self.inner.changed.clone();
        Box::pin(async move {
            match changed.wait_for(|count| *count > seen).await {
                Ok(count) => Ok(*count),
                Err(_) => Err(ended()),
            }
        })
    }
}

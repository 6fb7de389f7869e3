//! The calls of a store.

use std::sync::{Arc, PoisonError};

use super::{ops, runner::Again, store::PostgresStore, tasks::to_the_end};
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

/// A method that hands its argument to a step. `$again` says whether it may be asked twice.
macro_rules! step {
    ($self:ident, $again:ident, $argument:expr, $step:path) => {{
        let argument = Arc::new($argument);
        Box::pin($self.ask(Again::$again, move |connection, cx| {
            let argument = argument.clone();
            Box::pin(async move { $step(connection, &cx, &argument).await })
        }))
    }};
}

impl Store for PostgresStore {
    fn is_persistent(&self) -> bool {
        true
    }

    fn as_postgres(&self) -> Option<&PostgresStore> {
        Some(self)
    }

    fn version(&self) -> StoreFuture<'_, u64> {
        Box::pin(self.ask(Again::Yes, |connection, cx| {
            Box::pin(async move { ops::version(connection, &cx).await })
        }))
    }

    fn emitters(&self) -> StoreFuture<'_, EmitterTable> {
        Box::pin(self.ask(Again::Yes, |connection, cx| {
            Box::pin(async move { ops::table(connection, &cx).await })
        }))
    }

    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome> {
        step!(self, No, put, ops::put)
    }

    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome> {
        let store = self.clone();
        Box::pin(to_the_end(async move {
            let change = Arc::new(change);
            let emitter = change.emitter.clone();
            let changed = store.ask(Again::No, move |connection, cx| {
                let change = change.clone();
                Box::pin(async move { ops::set_state(connection, &cx, &change).await })
            });
            let outcome = changed.await?;
            store.discard_backlog(emitter).await;
            Ok(outcome)
        }))
    }

    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool> {
        let store = self.clone();
        Box::pin(to_the_end(async move {
            let id = Arc::new(emitter.clone());
            let removed = store.ask(Again::No, move |connection, cx| {
                let id = id.clone();
                Box::pin(async move { ops::remove(connection, &cx, &id, now).await })
            });
            let removed = removed.await?;
            store.discard_backlog(emitter).await;
            Ok(removed)
        }))
    }

    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>> {
        step!(self, Yes, emitters, ops::standing)
    }

    fn renew(&self, node: NodeId, _now: Timestamp) -> StoreFuture<'_, Renewal> {
        Box::pin(async move {
            let renewed = self.ask(Again::Yes, move |connection, cx| {
                Box::pin(async move { ops::renew(connection, &cx, node).await })
            });
            let renewal = renewed.await?;
            if renewal == Renewal::Dead {
                self.inner.way.unheard.forget(node);
            }
            Ok(renewal)
        })
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>> {
        // Which emitters a request for any took can be heard only once.
        match request.emitters {
            Some(_) => step!(self, Yes, request, ops::lease),
            None => step!(self, No, request, ops::lease),
        }
    }

    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()> {
        let leases = Arc::new(leases);
        Box::pin(self.ask(Again::Yes, move |connection, cx| {
            let leases = leases.clone();
            Box::pin(async move { ops::give_back(connection, &cx, node, &leases).await })
        }))
    }

    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>> {
        Box::pin(self.inner.appender.append(&self.inner.way, batch))
    }

    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>> {
        Box::pin(async move {
            self.hear_appends(&loads).await?;
            let loads = Arc::new(loads);
            self.ask(Again::Yes, move |connection, cx| {
                let loads = loads.clone();
                Box::pin(async move { ops::load(connection, &cx, &loads).await })
            })
            .await
        })
    }

    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>> {
        step!(self, Yes, batch, ops::settle)
    }

    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>> {
        step!(self, Yes, filter, ops::deliveries)
    }

    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>> {
        step!(self, Yes, key, ops::delivery)
    }

    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>> {
        Box::pin(self.ask(Again::Yes, move |connection, cx| {
            Box::pin(async move { ops::message_detail(connection, &cx, id).await })
        }))
    }

    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome> {
        step!(self, No, redeliver, ops::redeliver)
    }

    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome> {
        let key = Arc::new(key);
        Box::pin(self.ask(Again::No, move |connection, cx| {
            let key = key.clone();
            Box::pin(async move { ops::discard(connection, &cx, &key, now).await })
        }))
    }

    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64> {
        let store = self.clone();
        Box::pin(to_the_end(async move {
            let job = Arc::new(tokio::sync::Mutex::new(ops::ReplayJob::new(replay)));
            loop {
                let (job, fresh) = (job.clone(), fresh.clone());
                let step = store.ask(Again::No, move |connection, cx| {
                    let (job, fresh) = (job.clone(), fresh.clone());
                    Box::pin(async move {
                        let mut job = job.lock().await;
                        job.step(connection, &cx, fresh.as_deref()).await
                    })
                });
                if let Some(count) = step.await? {
                    return Ok(count);
                }
            }
        }))
    }

    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool> {
        Box::pin(self.ask(Again::Yes, move |connection, cx| {
            Box::pin(async move { ops::erase_payload(connection, &cx, id, now).await })
        }))
    }

    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned> {
        let store = self.clone();
        Box::pin(to_the_end(async move {
            let places = &store.inner.places;
            let lock = || places.lock().unwrap_or_else(PoisonError::into_inner);
            let job = ops::PruneJob::new(prune, lock().clone());
            let job = Arc::new(tokio::sync::Mutex::new(job));
            loop {
                let job = job.clone();
                let step = store.ask(Again::No, move |connection, cx| {
                    let job = job.clone();
                    Box::pin(async move { job.lock().await.step(connection, &cx).await })
                });
                if let Some((pruned, reached)) = step.await? {
                    *lock() = reached;
                    return Ok(pruned);
                }
            }
        }))
    }

    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats> {
        Box::pin(self.ask(Again::Yes, move |connection, cx| {
            Box::pin(async move { ops::stats(connection, &cx, now).await })
        }))
    }

    fn changed(&self, seen: u64) -> StoreFuture<'_, u64> {
        let mut changed = self.inner.changed.clone();
        Box::pin(async move {
            let count = changed.wait_for(|count| *count > seen).await;
            count
                .map(|count| *count)
                .map_err(|_| Error::new(crate::ErrorKind::Store, "the store is shutting down"))
        })
    }
}

//! What can be done with the delivery log.

use std::sync::Arc;

use tokio::time::Instant;

use super::{control::not_found, core::Engine};
use crate::{
    Error, ErrorKind,
    delivery::DeliveryKey,
    event::MessageId,
    store::{DeliveryRecord, DiscardOutcome, Redeliver, RedeliverOutcome, Replay},
};

impl Engine {
    pub(crate) async fn redeliver(
        self: &Arc<Self>,
        key: DeliveryKey,
        fresh: bool,
    ) -> Result<DeliveryRecord, Error> {
        let now = self.wall();
        let fresh = fresh.then(|| MessageId::generate(self.env()));
        let redeliver = Redeliver {
            key: key.clone(),
            fresh,
            due: now,
            now,
        };
        match self.store.redeliver(redeliver).await? {
            RedeliverOutcome::Queued(record) => {
                self.bring_one(&key.emitter);
                Ok(record)
            }
            RedeliverOutcome::Pending(record) => {
                self.schedule(|scheduler| {
                    scheduler.hasten(&key.emitter, record.seq, Instant::now());
                });
                self.bring_one(&key.emitter);
                Ok(record)
            }
            RedeliverOutcome::NotFound => Err(no_delivery(&key)),
            RedeliverOutcome::EmitterGone => Err(Error::new(
                ErrorKind::NotFound,
                format!(
                    "emitter `{}` is detached: its deliveries cannot be sent again",
                    key.emitter
                ),
            )),
            RedeliverOutcome::PayloadErased => Err(Error::new(
                ErrorKind::PayloadErased,
                format!(
                    "the payload of {} was erased: it cannot be sent again",
                    key.message_id
                ),
            )),
            RedeliverOutcome::QueueFull => Err(Error::new(
                ErrorKind::QueueFull,
                format!(
                    "the queue of emitter `{}` is full: try again when it is shorter",
                    key.emitter
                ),
            )),
        }
    }

    pub(crate) async fn discard(
        self: &Arc<Self>,
        key: DeliveryKey,
    ) -> Result<DeliveryRecord, Error> {
        match self.store.discard(key.clone(), self.wall()).await? {
            DiscardOutcome::Discarded(record) => {
                let now = Instant::now();
                self.schedule(|scheduler| scheduler.remove(&key.emitter, record.seq, now));
                Ok(record)
            }
            DiscardOutcome::NotPending(record) => Err(Error::new(
                ErrorKind::NotPending,
                format!(
                    "the delivery is {}: only a pending one can be discarded",
                    record.state
                ),
            )),
            DiscardOutcome::NotFound => Err(no_delivery(&key)),
        }
    }

    pub(crate) async fn replay(
        self: &Arc<Self>,
        replay: Replay,
        fresh: bool,
    ) -> Result<u64, Error> {
        let id = replay.emitter.clone();
        if self.registry.get(id.as_str()).is_none() {
            return Err(not_found(&id));
        }
        let env = self.env().clone();
        let generate = move || MessageId::generate(&env);
        let fresh = fresh.then(|| Arc::new(generate) as Arc<dyn Fn() -> MessageId + Send + Sync>);
        let count = self.store.replay(replay, fresh).await?;
        self.bring_one(&id);
        Ok(count)
    }

    pub(crate) async fn erase_payload(self: &Arc<Self>, id: MessageId) -> Result<(), Error> {
        let before = self.store.message(id).await?;
        if !self.store.erase_payload(id, self.wall()).await? {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("there is no message {id}"),
            ));
        }
        let now = Instant::now();
        for record in before.into_iter().flat_map(|message| message.deliveries) {
            self.schedule(|scheduler| scheduler.remove(&record.key.emitter, record.seq, now));
        }
        Ok(())
    }
}

fn no_delivery(key: &DeliveryKey) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!(
            "there is no delivery of {} to emitter `{}`",
            key.message_id, key.emitter
        ),
    )
}

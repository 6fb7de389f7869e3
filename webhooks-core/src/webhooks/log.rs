//! The delivery log and what can be done with it.

use super::Webhooks;
use crate::{
    Error,
    delivery::{DeliveryKey, DeliveryState},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::{DeliveryDetail, DeliveryFilter, DeliveryRecord, MessageDetail, Page, Replay, Stats},
};

impl Webhooks {
    /// A page of deliveries, newest first.
    ///
    /// # Errors
    /// That of the store.
    pub async fn deliveries(&self, filter: DeliveryFilter) -> Result<Page<DeliveryRecord>, Error> {
        self.engine().deliveries(filter).await
    }

    /// One delivery with its attempts.
    ///
    /// # Errors
    /// That of the store.
    pub async fn delivery(&self, key: DeliveryKey) -> Result<Option<DeliveryDetail>, Error> {
        self.engine().delivery(key).await
    }

    /// One message with its deliveries.
    ///
    /// # Errors
    /// That of the store.
    pub async fn message(&self, id: MessageId) -> Result<Option<MessageDetail>, Error> {
        self.engine().message(id).await
    }

    /// Sends a delivery again: it goes to the end of its lane. A pending one becomes due now, and
    /// the emitter's cool-down ends. With `fresh_id` a new message is sent, with a new `webhook-id`.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), also where the emitter is gone;
    /// [`PayloadErased`](crate::ErrorKind::PayloadErased);
    /// [`QueueFull`](crate::ErrorKind::QueueFull); that of the store.
    pub async fn redeliver(
        &self,
        key: DeliveryKey,
        fresh_id: bool,
    ) -> Result<DeliveryRecord, Error> {
        self.engine().redeliver(key, fresh_id).await
    }

    /// Takes a pending delivery out of its queue: how a poison head is skipped.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), [`NotPending`](crate::ErrorKind::NotPending), that
    /// of the store.
    pub async fn discard(&self, key: DeliveryKey) -> Result<DeliveryRecord, Error> {
        self.engine().discard(key).await
    }

    /// Sends settled deliveries of an emitter again, emitted from `since` until before `until`, in
    /// one of `states` (none stands for every settled one); returns how many.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound) for an unknown emitter; that of the store.
    pub async fn replay(
        &self,
        emitter: EmitterId,
        since: Timestamp,
        until: Option<Timestamp>,
        states: Vec<DeliveryState>,
        fresh_id: bool,
    ) -> Result<u64, Error> {
        let now = self.engine().wall();
        let replay = Replay {
            emitter,
            since,
            until,
            states,
            due: now,
            now,
        };
        self.engine().replay(replay, fresh_id).await
    }

    /// Erases a message's payload; what of it is pending is discarded. It cannot be sent again.
    /// Erasing twice is fine.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound), that of the store.
    pub async fn erase_payload(&self, id: MessageId) -> Result<(), Error> {
        self.engine().erase_payload(id).await
    }

    /// How many deliveries are pending, and how many settled: in all, and of each emitter.
    ///
    /// # Errors
    /// That of the store.
    pub async fn stats(&self) -> Result<Stats, Error> {
        self.engine().stats().await
    }
}

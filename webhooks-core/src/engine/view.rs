//! What is only looked at.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;

use super::{
    core::Engine,
    watch::{self, Subscription},
};
use crate::{
    Error, ErrorKind,
    delivery::DeliveryKey,
    emitter::{Emitter, EmitterId},
    event::{EventName, MessageId, Tenant},
    store::{
        DeliveryDetail, DeliveryFilter, DeliveryRecord, EmitterStanding, MessageDetail, Page, Stats,
    },
};

/// A store that has not answered by then is away.
const PATIENCE: Duration = Duration::from_secs(5);

impl Engine {
    pub(crate) fn subscribe(&self) -> Subscription {
        self.subscribers.subscribe(watch::CAPACITY)
    }

    /// For tests, which are to miss nothing.
    #[cfg(feature = "test-util")]
    pub(crate) fn subscribe_to_all(&self) -> Subscription {
        let endless = tokio::sync::Semaphore::MAX_PERMITS;
        self.subscribers.subscribe(endless)
    }

    pub(crate) fn payload_limit(&self) -> usize {
        self.options.payload_limit
    }

    pub(crate) async fn health(&self) -> Result<(), Error> {
        match timeout(PATIENCE, self.store.version()).await {
            // It may answer and yet take nothing, as with a full disk.
            Ok(answer) => answer.and_then(|_| self.life.check()),
            Err(_) => Err(Error::new(ErrorKind::Store, "the store does not answer")),
        }
    }

    pub(crate) fn emitter(&self, id: &str) -> Option<Arc<Emitter>> {
        self.registry.get(id)
    }

    pub(crate) fn all_emitters(&self) -> Vec<Arc<Emitter>> {
        self.registry.all()
    }

    pub(crate) fn listeners(&self, name: &EventName, tenant: Option<&Tenant>) -> Vec<Arc<Emitter>> {
        self.registry.matching(name, tenant)
    }

    pub(crate) async fn standing(
        &self,
        ids: Vec<EmitterId>,
    ) -> Result<Vec<EmitterStanding>, Error> {
        self.store.standing(ids).await
    }

    pub(crate) async fn deliveries(
        &self,
        filter: DeliveryFilter,
    ) -> Result<Page<DeliveryRecord>, Error> {
        self.store.deliveries(filter).await
    }

    pub(crate) async fn delivery(&self, key: DeliveryKey) -> Result<Option<DeliveryDetail>, Error> {
        self.store.delivery(key).await
    }

    pub(crate) async fn message(&self, id: MessageId) -> Result<Option<MessageDetail>, Error> {
        self.store.message(id).await
    }

    pub(crate) async fn stats(&self) -> Result<Stats, Error> {
        self.store.stats(self.wall()).await
    }
}

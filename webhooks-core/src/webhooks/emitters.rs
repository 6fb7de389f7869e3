//! Emitters that come, go, stop and start.

use std::sync::Arc;

use super::Webhooks;
use crate::{
    Error,
    emitter::{Backlog, Emitter, EmitterConfig, EmitterId},
    engine::Upserted,
    event::{EventName, EventPattern, Tenant},
    store::EmitterStanding,
};

impl Webhooks {
    /// Attaches an emitter to one pattern (`["order.*"]`) or many.
    ///
    /// # Errors
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists) if the ID is attached and running,
    /// [`AlreadyPresent`](crate::ErrorKind::AlreadyPresent) if it is attached but paused or
    /// disabled; [`InvalidValue`](crate::ErrorKind::InvalidValue) for the ID, a pattern, or no
    /// pattern at all; those of [`EmitterConfig::validate`] and of the guard; that of the store.
    pub async fn attach<I, P>(
        &self,
        id: I,
        patterns: P,
        config: EmitterConfig,
    ) -> Result<Arc<Emitter>, Error>
    where
        I: TryInto<EmitterId>,
        Error: From<I::Error>,
        P: IntoIterator,
        P::Item: TryInto<EventPattern>,
        Error: From<<P::Item as TryInto<EventPattern>>::Error>,
    {
        self.engine()
            .attach(id.try_into()?, collect(patterns)?, config)
            .await
    }

    /// Attaches an emitter, or replaces the configuration of the one that is attached: never its
    /// state or queue, nor its keys unless the configuration has a secret. For start-up code with a
    /// durable store; nothing changes when nothing changed.
    ///
    /// # Errors
    /// As [`attach`](Self::attach), but for the two about one that is attached;
    /// [`TenantMismatch`](crate::ErrorKind::TenantMismatch) for one of another tenant.
    pub async fn upsert<I, P>(
        &self,
        id: I,
        patterns: P,
        config: EmitterConfig,
    ) -> Result<Upserted, Error>
    where
        I: TryInto<EmitterId>,
        Error: From<I::Error>,
        P: IntoIterator,
        P::Item: TryInto<EventPattern>,
        Error: From<<P::Item as TryInto<EventPattern>>::Error>,
    {
        self.engine()
            .upsert(id.try_into()?, collect(patterns)?, config)
            .await
    }

    /// Stops and removes an emitter; its queue is recorded as discarded. `Ok` for an unknown one.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) for the ID; that of the store.
    pub async fn detach<I>(&self, id: I) -> Result<(), Error>
    where
        I: TryInto<EmitterId>,
        Error: From<I::Error>,
    {
        self.engine().detach(&id.try_into()?).await
    }

    /// Stops delivering to an emitter. With [`Backlog::Keep`] events queue meanwhile; with
    /// [`Backlog::Discard`] what is queued is discarded, and events emitted meanwhile do not reach
    /// it. The request in flight is finished, not cut. `None` for an unknown emitter, which is no
    /// error.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) for the ID; that of the store.
    pub async fn pause<I>(&self, id: I, backlog: Backlog) -> Result<Option<Arc<Emitter>>, Error>
    where
        I: TryInto<EmitterId>,
        Error: From<I::Error>,
    {
        self.engine().pause(&id.try_into()?, backlog).await
    }

    /// Starts a paused or disabled emitter.
    ///
    /// # Errors
    /// [`NotFound`](crate::ErrorKind::NotFound),
    /// [`AlreadyRunning`](crate::ErrorKind::AlreadyRunning), that of the store.
    pub async fn restart<I>(&self, id: I) -> Result<Arc<Emitter>, Error>
    where
        I: TryInto<EmitterId>,
        Error: From<I::Error>,
    {
        self.engine().restart(&id.try_into()?).await
    }

    /// The IDs of the running emitters, sorted.
    #[must_use]
    pub fn emitters(&self) -> Vec<EmitterId> {
        let all = self.engine().all_emitters();
        let running = all.iter().filter(|emitter| emitter.state().is_active());
        running.map(|emitter| emitter.id().clone()).collect()
    }

    /// All emitters, whatever their state, by ID.
    #[must_use]
    pub fn all_emitters(&self) -> Vec<Arc<Emitter>> {
        self.engine().all_emitters()
    }

    /// The emitters that an event of this name and tenant would be queued for.
    #[must_use]
    pub fn listeners(&self, name: &EventName, tenant: Option<&Tenant>) -> Vec<Arc<Emitter>> {
        self.engine().listeners(name, tenant)
    }

    /// Whether an emitter runs.
    #[must_use]
    pub fn is_started(&self, id: &str) -> bool {
        self.emitter(id)
            .is_some_and(|emitter| emitter.state().is_active())
    }

    /// An emitter's configuration and state.
    #[must_use]
    pub fn emitter(&self, id: &str) -> Option<Arc<Emitter>> {
        self.engine().emitter(id)
    }

    /// How the queues and receivers of these emitters stand, in the order asked for; an unknown one
    /// has nothing pending.
    ///
    /// # Errors
    /// That of the store.
    pub async fn standing(&self, ids: Vec<EmitterId>) -> Result<Vec<EmitterStanding>, Error> {
        self.engine().standing(ids).await
    }
}

fn collect<P>(patterns: P) -> Result<Vec<EventPattern>, Error>
where
    P: IntoIterator,
    P::Item: TryInto<EventPattern>,
    Error: From<<P::Item as TryInto<EventPattern>>::Error>,
{
    patterns
        .into_iter()
        .map(|pattern| pattern.try_into().map_err(Error::from))
        .collect()
}

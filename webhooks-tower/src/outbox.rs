//! What a handler emits through.

use std::{
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

use webhooks_core::{
    DeliveryId, EmitIn, Error, ErrorKind, Event, EventName, Receipt, Webhooks,
    event::{IntoPayload, TraceParent},
};

/// What a handler emits through: the request's scope. Cheap to clone.
///
/// Events carry the request's delivery ID and trace, unless they have their own. Events that are
/// staged are stored only if the response is a success; `stage` after the response is an error,
/// `emit` still works then.
#[derive(Clone)]
pub struct Outbox {
    scope: Arc<Scope>,
}

struct Scope {
    webhooks: Webhooks,
    delivery_id: DeliveryId,
    trace_parent: Option<TraceParent>,
    /// `None` once the request is answered.
    staged: Mutex<Option<Vec<Event>>>,
}

impl Outbox {
    pub(crate) fn new(
        webhooks: Webhooks,
        delivery_id: DeliveryId,
        trace_parent: Option<TraceParent>,
    ) -> Self {
        let staged = Mutex::new(Some(Vec::new()));
        Self {
            scope: Arc::new(Scope {
                webhooks,
                delivery_id,
                trace_parent,
                staged,
            }),
        }
    }

    /// The delivery ID of the request.
    #[must_use]
    pub fn delivery_id(&self) -> &DeliveryId {
        &self.scope.delivery_id
    }

    /// The webhooks that it emits through.
    #[must_use]
    pub fn webhooks(&self) -> &Webhooks {
        &self.scope.webhooks
    }

    /// Emits an event; stored when this returns, whatever the response will be.
    ///
    /// # Errors
    /// As [`Webhooks::emit`].
    pub async fn emit<N>(&self, name: N, payload: impl IntoPayload) -> Result<Receipt, Error>
    where
        N: TryInto<EventName>,
        Error: From<N::Error>,
    {
        self.emit_with(Event::new(name, payload)?).await
    }

    /// Emits an event with all that it carries; as [`emit`](Self::emit) otherwise.
    ///
    /// # Errors
    /// As [`Webhooks::emit_with`].
    pub async fn emit_with(&self, event: Event) -> Result<Receipt, Error> {
        self.scope.webhooks.emit_with(self.scoped(event)).await
    }

    /// Emits an event inside a transaction of the application's: it is delivered if and only if that
    /// commits, whatever the response will be.
    ///
    /// # Errors
    /// As [`Webhooks::emit_in`].
    pub fn emit_in<T, N>(&self, transaction: T, name: N, payload: impl IntoPayload) -> T::Output
    where
        T: EmitIn,
        N: TryInto<EventName>,
        Error: From<N::Error>,
    {
        let event = Event::new(name, payload).map(|event| self.scoped(event));
        transaction.emit_in(self.webhooks(), event)
    }

    /// Emits an event with all that it carries; as [`emit_in`](Self::emit_in) otherwise.
    ///
    /// # Errors
    /// As [`Webhooks::emit_in`].
    pub fn emit_in_with<T: EmitIn>(&self, transaction: T, event: Event) -> T::Output {
        transaction.emit_in(self.webhooks(), Ok(self.scoped(event)))
    }

    /// Stages an event: it is stored only if the response is a success, for the emitters that listen
    /// when it is sent.
    ///
    /// # Errors
    /// Those of [`Event::new`], [`PayloadTooLarge`](ErrorKind::PayloadTooLarge);
    /// [`OutboxClosed`](ErrorKind::OutboxClosed) once the request is answered, as in a streaming
    /// body or a spawned task.
    pub fn stage<N>(&self, name: N, payload: impl IntoPayload) -> Result<(), Error>
    where
        N: TryInto<EventName>,
        Error: From<N::Error>,
    {
        self.stage_with(Event::new(name, payload)?)
    }

    /// Stages an event with all that it carries; as [`stage`](Self::stage) otherwise.
    ///
    /// # Errors
    /// As [`stage`](Self::stage).
    pub fn stage_with(&self, event: Event) -> Result<(), Error> {
        self.scope.webhooks.check(&event)?;
        let event = self.scoped(event);
        match &mut *self
            .scope
            .staged
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
        {
            Some(staged) => {
                staged.push(event);
                Ok(())
            }
            None => Err(Error::new(
                ErrorKind::OutboxClosed,
                "the request is answered: stage events before the response, or use `emit`",
            )),
        }
    }

    fn scoped(&self, event: Event) -> Event {
        event
            .or_delivery_id(self.delivery_id())
            .or_trace_parent(self.scope.trace_parent.as_ref())
    }

    /// Closes it; returns what was staged.
    pub(crate) fn close(&self) -> Vec<Event> {
        let mut staged = self
            .scope
            .staged
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        mem::take(&mut *staged).unwrap_or_default()
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("delivery_id", self.delivery_id())
            .finish_non_exhaustive()
    }
}

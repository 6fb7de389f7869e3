//! Emitting.

use super::Webhooks;
use crate::{
    Error,
    emitter::EmitterId,
    event::{DeliveryId, Event, EventName, IntoPayload},
    store::Receipt,
};

impl Webhooks {
    /// Emits an event to every emitter that is attached to its name; stored when this returns.
    ///
    /// No listener is no error: the receipt counts zero deliveries. The delivery ID is a new random
    /// UUID; [`emit_with`](Self::emit_with) takes one.
    ///
    /// # Errors
    /// Those of [`Event::new`]; [`PayloadTooLarge`](crate::ErrorKind::PayloadTooLarge);
    /// [`QueueFull`](crate::ErrorKind::QueueFull) if the store holds no more;
    /// [`ShuttingDown`](crate::ErrorKind::ShuttingDown). Nothing is queued then. That of the store:
    /// then it may be queued all the same, if it was the answer that failed; with an
    /// [`IdempotencyKey`](crate::event::IdempotencyKey) it can be emitted again without being queued
    /// twice.
    ///
    /// # Cancel safety
    /// Once polled, the event is with the store: dropping the future does not take it back.
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
    /// As [`emit`](Self::emit); [`IdempotencyMismatch`](crate::ErrorKind::IdempotencyMismatch).
    pub async fn emit_with(&self, event: Event) -> Result<Receipt, Error> {
        self.emit_some(event, None).await
    }

    /// Emits to one emitter, as if its pattern matched.
    ///
    /// # Errors
    /// As [`emit_with`](Self::emit_with); [`NotFound`](crate::ErrorKind::NotFound) for an unknown
    /// emitter, [`TenantMismatch`](crate::ErrorKind::TenantMismatch) for one of another tenant.
    pub async fn emit_to<I>(&self, id: I, event: Event) -> Result<Receipt, Error>
    where
        I: TryInto<EmitterId>,
        Error: From<I::Error>,
    {
        let id = id.try_into()?;
        self.emit_some(event, Some(&id)).await
    }

    async fn emit_some(&self, event: Event, to: Option<&EmitterId>) -> Result<Receipt, Error> {
        let receipts = self.engine().emit(vec![event], to).await?;
        Ok(receipts
            .into_iter()
            .next()
            .expect("one event has one receipt"))
    }

    /// Whether an event could be emitted, as far as it can be told without the store.
    ///
    /// # Errors
    /// [`PayloadTooLarge`](crate::ErrorKind::PayloadTooLarge).
    pub fn check(&self, event: &Event) -> Result<(), Error> {
        event.payload().check_size(self.payload_limit())
    }

    /// A new delivery ID: a random UUID, of the builder's randomness.
    #[must_use]
    pub fn generate_delivery_id(&self) -> DeliveryId {
        DeliveryId::generate(self.engine().env())
    }

    /// Emits events in one append; the receipts are in their order.
    ///
    /// # Errors
    /// As [`emit_with`](Self::emit_with), and nothing is queued then: but for a mismatched
    /// idempotency key, which leaves out its event alone.
    pub async fn emit_batch(
        &self,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Vec<Receipt>, Error> {
        self.engine().emit(events.into_iter().collect(), None).await
    }
}

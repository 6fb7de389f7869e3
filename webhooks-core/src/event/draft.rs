//! An event to be emitted, with everything that it may carry.

use super::{
    DeliveryId, EventName, IdempotencyKey, IntoPayload, OrderingKey, Payload, Tenant, TraceParent,
};
use crate::Error;

/// An event to be emitted: a name, a payload, and options.
///
/// ```
/// use webhooks_core::{DeliveryId, Event};
///
/// let event = Event::new("order.created", &serde_json::json!({"id": 17}))?
///     .delivery_id(DeliveryId::new("request-42")?);
/// assert_eq!(event.name().as_str(), "order.created");
/// # Ok::<(), webhooks_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "an event does nothing until it is emitted"]
pub struct Event {
    pub(crate) name: EventName,
    pub(crate) payload: Payload,
    pub(crate) delivery_id: Option<DeliveryId>,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) ordering_key: Option<OrderingKey>,
    pub(crate) idempotency_key: Option<IdempotencyKey>,
    pub(crate) trace_parent: Option<TraceParent>,
}

impl Event {
    /// An event of this name and payload.
    ///
    /// # Errors
    /// [`InvalidValue`](crate::ErrorKind::InvalidValue) for the name, or those of
    /// [`Payload::from_value`].
    pub fn new<N>(name: N, payload: impl IntoPayload) -> Result<Self, Error>
    where
        N: TryInto<EventName>,
        Error: From<N::Error>,
    {
        Ok(Self {
            name: name.try_into()?,
            payload: payload.into_payload()?,
            delivery_id: None,
            tenant: None,
            ordering_key: None,
            idempotency_key: None,
            trace_parent: None,
        })
    }

    /// The delivery ID, taken as given. Defaults to a new random UUID.
    pub fn delivery_id(mut self, id: impl Into<Option<DeliveryId>>) -> Self {
        self.delivery_id = id.into();
        self
    }

    /// The tenant: only emitters of that tenant get the event. Defaults to none, and then only
    /// emitters without one get it.
    pub fn tenant(mut self, tenant: impl Into<Option<Tenant>>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The ordering key: events with the same one keep their order at emitters with many lanes.
    /// Defaults to none.
    pub fn ordering_key(mut self, key: impl Into<Option<OrderingKey>>) -> Self {
        self.ordering_key = key.into();
        self
    }

    /// The idempotency key, remembered for 24 hours: the same event emitted again is answered with
    /// the first receipt. Defaults to none.
    pub fn idempotency_key(mut self, key: impl Into<Option<IdempotencyKey>>) -> Self {
        self.idempotency_key = key.into();
        self
    }

    /// The trace that the event belongs to, sent as `traceparent`. Defaults to none.
    pub fn trace_parent(mut self, parent: impl Into<Option<TraceParent>>) -> Self {
        self.trace_parent = parent.into();
        self
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &EventName {
        &self.name
    }

    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &Payload {
        &self.payload
    }

    /// Sets the delivery ID, unless it is set.
    pub fn or_delivery_id(mut self, id: &DeliveryId) -> Self {
        self.delivery_id.get_or_insert_with(|| id.clone());
        self
    }

    /// Sets the trace, unless it is set.
    pub fn or_trace_parent(mut self, parent: Option<&TraceParent>) -> Self {
        self.trace_parent = self.trace_parent.or_else(|| parent.cloned());
        self
    }
}

//! One emitted event as stored.

use std::fmt;

use bytes::Bytes;

use crate::{
    env::Timestamp,
    event::{DeliveryId, EventName, MessageId, OrderingKey, Tenant, TraceParent},
};

/// One emitted event as stored, shared by all its deliveries.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Unique; the receiver's idempotency key.
    pub id: MessageId,
    /// The event's name.
    pub event: EventName,
    /// The payload: the very bytes that are sent. `None` once erased.
    pub body: Option<Bytes>,
    /// How many bytes the payload has or had.
    pub size: usize,
    /// What correlates everything that one request caused.
    pub delivery_id: DeliveryId,
    /// The tenant, if the event has one.
    pub tenant: Option<Tenant>,
    /// The ordering key, if the event has one.
    pub ordering_key: Option<OrderingKey>,
    /// The trace that the event was emitted in.
    pub trace_parent: Option<TraceParent>,
    /// When it was emitted.
    pub created_at: Timestamp,
}

/// Without the payload: it stays out of logs.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("event", &self.event)
            .field("size", &self.size)
            .field("delivery_id", &self.delivery_id)
            .field("tenant", &self.tenant)
            .field("ordering_key", &self.ordering_key)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}

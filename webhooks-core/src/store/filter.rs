//! Lists of deliveries: which, and how far.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use uuid::Uuid;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use super::{
    DeliveryRecord,
    ids::{ceiling_id, floor_id},
};
use crate::{
    delivery::DeliveryState,
    emitter::EmitterId,
    env::Timestamp,
    event::{DeliveryId, EventName, MessageId, Tenant},
};

/// Which deliveries to list, newest message first. The default is all, 50 at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this emitter.
    pub emitter: Option<EmitterId>,
    /// In this state.
    pub state: Option<DeliveryState>,
    /// Of events of this name.
    pub event: Option<EventName>,
    /// With this delivery ID.
    pub delivery_id: Option<DeliveryId>,
    /// Of this tenant.
    pub tenant: Option<Tenant>,
    /// Emitted at this time or later.
    pub since: Option<Timestamp>,
    /// Emitted before this time.
    pub until: Option<Timestamp>,
    /// At most so many, 1–250; 0 stands for 50.
    pub limit: usize,
    /// Behind this one.
    pub cursor: Option<Cursor>,
}

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 250;

/// A page looks at no more deliveries than this: a filter that matches little must not hold the
/// store up.
pub(crate) const MAX_SCAN: usize = 10_000;

impl DeliveryFilter {
    /// How many items a page has.
    pub(crate) fn page_size(&self) -> usize {
        match self.limit {
            0 => DEFAULT_PAGE,
            limit => limit.min(MAX_PAGE),
        }
    }

    /// The least and the greatest message ID of what may match.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn message_ids(&self) -> (MessageId, MessageId) {
        let oldest = self.since.map(floor_id);
        let newest = [
            self.cursor.as_ref().map(|cursor| cursor.message_id),
            self.until.map(ceiling_id),
        ];
        let newest = newest.into_iter().flatten().min();
        (
            oldest.unwrap_or(MessageId::from_uuid(Uuid::nil())),
            newest.unwrap_or(MessageId::from_uuid(Uuid::max())),
        )
    }

    /// Whether deliveries of this message match, as far as the message decides.
    pub(crate) fn matches_message(
        &self,
        event: &EventName,
        delivery_id: &DeliveryId,
        tenant: Option<&Tenant>,
        created_at: Timestamp,
    ) -> bool {
        self.event.as_ref().is_none_or(|wanted| wanted == event)
            && self.delivery_id.as_ref().is_none_or(|id| id == delivery_id)
            && (self.tenant.is_none() || self.tenant.as_ref() == tenant)
            && self.since.is_none_or(|since| created_at >= since)
            && self.until.is_none_or(|until| created_at < until)
    }

    /// Whether a delivery matches, as far as its message does not decide.
    pub(crate) fn matches_delivery(&self, emitter: &EmitterId, state: DeliveryState) -> bool {
        self.emitter.as_ref().is_none_or(|wanted| wanted == emitter)
            && self.state.is_none_or(|wanted| wanted == state)
    }

    /// Whether a delivery matches.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn matches(&self, record: &DeliveryRecord) -> bool {
        let DeliveryRecord {
            key,
            event,
            delivery_id,
            tenant,
            state,
            created_at,
            ..
        } = record;
        self.matches_message(event, delivery_id, tenant.as_ref(), *created_at)
            && self.matches_delivery(&key.emitter, *state)
    }
}

/// Where a page ended: behind the delivery of this message to this emitter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// The message.
    pub message_id: MessageId,
    /// The emitter.
    pub emitter: EmitterId,
}

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items. May be fewer than asked for, or none, though there are more: a filter that
    /// matches little is scanned for a bounded time.
    pub items: Vec<T>,
    /// Where to go on; `None` at the end.
    pub next: Option<Cursor>,
}

//! The delivery log and what can be done with it.

use std::{sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    delivery::{
        Attempt, AttemptFailure, DeadReason, DeliveryKey, DeliveryState, DiscardReason, Message,
        Seq,
    },
    emitter::EmitterId,
    env::Timestamp,
    event::{DeliveryId, EventName, MessageId, OrderingKey, Tenant},
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

/// By how much the time in a message ID may differ from `created_at`: IDs that are made faster than
/// 4096 a millisecond run ahead of the clock.
const SLACK: Duration = Duration::from_secs(60);

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

/// No message that was emitted at this time or later has a smaller ID.
pub(crate) fn floor_id(time: Timestamp) -> MessageId {
    id_at(time.saturating_sub(SLACK), 0)
}

/// No message that was emitted before this time has a greater ID.
pub(crate) fn ceiling_id(time: Timestamp) -> MessageId {
    id_at(time.saturating_add(SLACK), u128::MAX >> 48)
}

/// What an index knows of a delivery ID: 31 bits, which take four bytes.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn delivery_hash(id: &DeliveryId) -> i32 {
    (crate::event::stable_hash(id.as_str()) & 0x7fff_ffff) as i32
}

/// A UUIDv7 begins with 48 bits of milliseconds (RFC 9562, section 5.7).
fn id_at(time: Timestamp, rest: u128) -> MessageId {
    let millis = u128::try_from(time.as_millis())
        .unwrap_or(0)
        .min((1 << 48) - 1);
    MessageId::from_uuid(Uuid::from_u128((millis << 80) | rest))
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

/// Why a delivery is `dead` or `discarded`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Why it was given up.
    Dead(DeadReason),
    /// Why it was taken out of the queue.
    Discarded(DiscardReason),
}

impl Reason {
    /// The word for it in the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead(reason) => reason.as_str(),
            Self::Discarded(reason) => reason.as_str(),
        }
    }
}

/// One delivery as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct DeliveryRecord {
    /// Which one.
    pub key: DeliveryKey,
    /// Its place in the order of its emitter.
    pub seq: Seq,
    /// The event's name.
    pub event: EventName,
    /// The delivery ID.
    pub delivery_id: DeliveryId,
    /// The tenant.
    pub tenant: Option<Tenant>,
    /// The ordering key.
    pub ordering_key: Option<OrderingKey>,
    /// Where it stands.
    pub state: DeliveryState,
    /// Why it is dead or discarded.
    pub reason: Option<Reason>,
    /// Finished attempts in all.
    pub attempt_count: u32,
    /// When the event was emitted.
    pub created_at: Timestamp,
    /// When the next attempt is due, where it is pending.
    pub next_attempt_at: Option<Timestamp>,
    /// When it left `pending`.
    pub settled_at: Option<Timestamp>,
    /// The status of the last attempt, if it had one.
    pub last_status: Option<u16>,
    /// Why the last attempt had no status.
    pub last_error: Option<AttemptFailure>,
}

/// One delivery with its attempts and what was sent.
#[derive(Debug, Clone)]
pub struct DeliveryDetail {
    /// The delivery.
    pub record: DeliveryRecord,
    /// Its attempts, in the order in which they were settled.
    pub attempts: Vec<Arc<Attempt>>,
    /// Its message.
    pub message: Arc<Message>,
}

/// One message with its deliveries.
#[derive(Debug, Clone)]
pub struct MessageDetail {
    /// The message.
    pub message: Arc<Message>,
    /// Its deliveries, by emitter.
    pub deliveries: Vec<DeliveryRecord>,
}

/// A delivery to be sent again.
#[derive(Debug, Clone)]
pub struct Redeliver {
    /// Which one.
    pub key: DeliveryKey,
    /// Leave the delivery as it is, and queue a new message of the same content, under this ID and
    /// emitted `now`, for its emitter. The ID was made `now`, give or take a minute. If that message
    /// is there already, the answer was lost: nothing is queued. Means nothing for a delivery that is
    /// pending.
    pub fresh: Option<MessageId>,
    /// When its next attempt is due.
    pub due: Timestamp,
    /// The time now.
    pub now: Timestamp,
}

/// What became of a delivery to be sent again.
#[derive(Debug, Clone, PartialEq)]
pub enum RedeliverOutcome {
    /// It is pending again, of the emitter's current generation and with a `seq` behind all others;
    /// its attempts are counted on, those since it was queued anew. Or the new message's delivery,
    /// if one was asked for. The emitter is marked.
    Queued(DeliveryRecord),
    /// It was pending: it keeps its place, is due as asked, and the emitter's stored cool-down ends.
    /// The emitter is marked.
    Pending(DeliveryRecord),
    /// There is no such delivery.
    NotFound,
    /// Its emitter is gone.
    EmitterGone,
    /// Its payload was erased.
    PayloadErased,
    /// Its emitter's queue is full, or the store.
    QueueFull,
}

/// What became of a delivery to be discarded.
#[derive(Debug, Clone, PartialEq)]
pub enum DiscardOutcome {
    /// It is discarded; it had this place.
    Discarded(DeliveryRecord),
    /// It is not pending.
    NotPending(DeliveryRecord),
    /// There is no such delivery.
    NotFound,
}

/// Deliveries of one emitter to be sent again, behind what is pending, in their old order.
///
/// Those whose payload is erased are left out, and so are those that are pending. Where the
/// emitter's or the store's bound is reached, the rest is left as it is.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The emitter.
    pub emitter: EmitterId,
    /// Of events emitted at this time or later.
    pub since: Timestamp,
    /// Of events emitted before this time.
    pub until: Option<Timestamp>,
    /// In one of these states; an empty list stands for every settled one.
    pub states: Vec<DeliveryState>,
    /// When their next attempt is due.
    pub due: Timestamp,
    /// The time now.
    pub now: Timestamp,
}

/// What may be forgotten.
#[derive(Debug, Clone, Copy)]
pub struct Prune {
    /// Deliveries settled before this time.
    pub settled_before: Timestamp,
    /// Payloads of messages all of whose deliveries settled before this time; `None` for none.
    pub payloads_before: Option<Timestamp>,
    /// Idempotency keys remembered before this time.
    pub idempotency_before: Timestamp,
    /// At most so many deliveries at once, and as many payloads.
    pub limit: usize,
    /// The time now.
    pub now: Timestamp,
}

/// What was forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// How many deliveries. A message goes with the last of its deliveries.
    pub deliveries: usize,
    /// How many payloads, of messages that stay.
    pub payloads: usize,
    /// Whether the limit was reached: there may be more.
    pub more: bool,
}

//! The delivery log.

use std::sync::Arc;

use crate::{
    delivery::{
        Attempt, AttemptFailure, DeadReason, DeliveryKey, DeliveryState, DiscardReason, Message,
        Seq,
    },
    env::Timestamp,
    event::{DeliveryId, EventName, OrderingKey, Tenant},
};

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

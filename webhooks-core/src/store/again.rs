//! What is sent again.

use super::DeliveryRecord;
use crate::{
    delivery::{DeliveryKey, DeliveryState},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
};

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

impl Replay {
    /// Whether a delivery is meant that is in this state, of an event that was emitted at this time.
    pub(super) fn means(&self, state: DeliveryState, created_at: Timestamp) -> bool {
        state != DeliveryState::Pending
            && created_at >= self.since
            && self.until.is_none_or(|until| created_at < until)
            && (self.states.is_empty() || self.states.contains(&state))
    }
}

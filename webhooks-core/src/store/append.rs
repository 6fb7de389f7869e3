//! Appending messages and their deliveries.

use std::{sync::Arc, time::Duration};

use super::{Epoch, NodeId};
use crate::{
    delivery::{Message, Seq},
    emitter::EmitterId,
    env::Timestamp,
    event::{DeliveryId, IdempotencyKey, MessageId},
};

/// What `emit` returns.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Receipt {
    /// The delivery ID, as given or generated.
    pub delivery_id: DeliveryId,
    /// The message ID: what receivers see as `webhook-id`.
    pub message_id: MessageId,
    /// How many emitters the event was queued for.
    pub deliveries: usize,
}

/// A batch of messages, in the order in which they were emitted.
#[derive(Debug, Clone)]
pub struct Append {
    /// Who appends.
    pub node: NodeId,
    /// The messages.
    pub messages: Vec<NewMessage>,
    /// The time now.
    pub now: Timestamp,
}

/// A message and where it goes.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The message. Its ID is a UUIDv7 that was made at its `created_at`, give or take a minute:
    /// stores may find messages of a time by their IDs.
    ///
    /// One with an ID that is there already is not stored again, since it is the same message sent
    /// again because its answer was lost. It comes back as [`Appended::Stored`] with the rows that
    /// are there, for the deliveries asked for: [`Fate::QueueFull`] for one that is dead for that
    /// reason, [`Fate::Stale`] for one that is discarded or gone, else [`Fate::Withheld`], since it
    /// may be in memory already.
    ///
    /// One without deliveries need not be stored, but its idempotency key is remembered.
    pub message: Arc<Message>,
    /// The idempotency key, and a fingerprint (SHA-256) of event name and payload. A key belongs to
    /// the tenant of its message, and is remembered for 24 hours from the batch's `now`. A key that
    /// comes twice in a batch is a repetition the second time.
    pub idempotency: Option<(IdempotencyKey, [u8; 32])>,
    /// One for each emitter that the message goes to, and none twice.
    pub deliveries: Vec<NewDelivery>,
}

/// One message on its way to one emitter, as its appender knows it.
#[derive(Debug, Clone)]
pub struct NewDelivery {
    /// The emitter.
    pub emitter: EmitterId,
    /// The generation of the emitter that the appender knew.
    pub generation: u64,
    /// The epoch under which the appender believes to own the emitter.
    pub epoch: Option<Epoch>,
    /// When its first attempt is due.
    pub due: Timestamp,
}

/// What became of one message of a batch.
#[derive(Debug, Clone)]
pub enum Appended {
    /// It is stored.
    Stored(Stored),
    /// Its idempotency key was there, with the same fingerprint: this is the first receipt, which
    /// counts the deliveries whose fate was [`Fate::Straight`] or [`Fate::Withheld`].
    Duplicate(Receipt),
    /// Its idempotency key was there, with another fingerprint; nothing was stored.
    IdempotencyMismatch,
}

/// A message that is stored.
#[derive(Debug, Clone)]
pub struct Stored {
    /// One for each of its deliveries, in their order.
    pub rows: Vec<AppendedRow>,
}

/// A delivery that is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AppendedRow {
    /// Its place in the order of its emitter.
    pub seq: Seq,
    /// What the appender may do with it.
    pub fate: Fate,
}

/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// What the appender may do with a delivery that it stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Ownership is proven, the generation is current and there is no mark: it may go straight to
    /// the lane in memory.
    Straight,
    /// It is pending in the store; a load that begins later must bring it.
    Withheld,
    /// The emitter's bound is reached: recorded as `dead`, reason `queue_full`, not counted.
    QueueFull,
    /// The generation is not current: recorded as `discarded`, not counted. The reason is
    /// `detached` if there is no such emitter, else `paused`.
    Stale,
}

impl Fate {
    /// Whether it is pending now.
    #[must_use]
    pub fn is_queued(self) -> bool {
        matches!(self, Self::Straight | Self::Withheld)
    }
}

//! Where a delivery stands.

use std::fmt;

use crate::{Error, emitter::EmitterId, env::Timestamp, event::MessageId, text::excerpt};

/// The place of a delivery in the order of its emitter. Redelivery gives a new one.
pub type Seq = u64;

/// What identifies a delivery: one message on its way to one emitter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryKey {
    /// The message.
    pub message_id: MessageId,
    /// The emitter.
    pub emitter: EmitterId,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryState {
    /// Queued or in flight.
    Pending,
    /// The receiver took it.
    Delivered,
    /// Given up; kept in the log, can be sent again.
    Dead,
    /// Taken out of the queue by somebody; can be sent again.
    Discarded,
}

/// Why a delivery was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeadReason {
    /// Its last attempt failed.
    MaxAttempts,
    /// Its next attempt would have started too late.
    MaxAge,
    /// A status that the emitter's policy gives up on.
    Status,
    /// The emitter's queue was full when it was emitted.
    QueueFull,
}

/// Why a delivery was taken out of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiscardReason {
    /// Its emitter was paused, its backlog discarded.
    Paused,
    /// Its emitter was detached.
    Detached,
    /// Somebody discarded this very delivery.
    Skipped,
    /// The payload was erased.
    Erased,
}

/// How far a pending delivery has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Attempts in all; the next one has this number plus one.
    pub attempts: u32,
    /// Attempts since it was queued or redelivered: what `max_attempts` counts.
    pub attempts_since_queued: u32,
    /// The start of the first of these: what `max_age` counts from.
    pub first_attempt_at: Option<Timestamp>,
    /// When the next attempt is due, on the wall clock.
    pub due: Timestamp,
}

impl Progress {
    /// Of a delivery that was just queued and is due then.
    #[must_use]
    pub fn queued(due: Timestamp) -> Self {
        Self {
            attempts: 0,
            attempts_since_queued: 0,
            first_attempt_at: None,
            due,
        }
    }
}

macro_rules! words {
    ($type:ident, $what:literal, $($variant:ident => $word:literal),+) => {
        impl $type {
            /// The word for it in the admin API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => {
                        let shown = excerpt(text);
                        let words = [$($word),+].join(", ");
                        Err(Error::invalid(format!(
                            concat!("unknown ", $what, " `{}`: expected one of {}"), shown, words
                        )))
                    }
                }
            }
        }
    };
}

words!(DeliveryState, "delivery state",
    Pending => "pending", Delivered => "delivered", Dead => "dead", Discarded => "discarded");
words!(DeadReason, "reason",
    MaxAttempts => "max_attempts", MaxAge => "max_age", Status => "status", QueueFull => "queue_full");
words!(DiscardReason, "reason",
    Paused => "paused", Detached => "detached", Skipped => "skipped", Erased => "erased");

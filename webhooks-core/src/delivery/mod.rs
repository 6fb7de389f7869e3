//! Messages, deliveries and attempts.
//!
//! - A [`Message`] is one emitted event as stored; its body is sent byte for byte on every attempt.
//! - A delivery is one message on its way to one emitter: `pending` → `delivered`, `dead` or
//!   `discarded`, and back to `pending` by redelivery only.
//! - An [`Attempt`] is one HTTP request of a delivery and its outcome.

mod attempt;
mod captured;
mod headers;
mod message;
mod state;

pub(crate) use self::headers::each_header;
pub use self::{
    attempt::{Attempt, AttemptFailure, AttemptOutcome},
    captured::CapturedHeaders,
    message::Message,
    state::{DeadReason, DeliveryKey, DeliveryState, DiscardReason, Progress, Seq},
};

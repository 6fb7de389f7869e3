//! Messages, deliveries, attempts, and when the next one is due.
//!
//! - A [`Message`] is one emitted event as stored; its body is sent byte for byte on every attempt.
//! - A delivery is one message on its way to one emitter: `pending` → `delivered`, `dead` or
//!   `discarded`, and back to `pending` by redelivery only.
//! - An [`Attempt`] is one HTTP request of a delivery and its outcome.
//! - A [`RetryPolicy`] is pure: the same attempt number and the same draw give the same delay.

mod attempt;
mod captured;
mod message;
mod retry;
mod state;

pub(crate) use self::captured::body_limit;
#[cfg(any(feature = "serde", feature = "sqlite", feature = "postgres"))]
pub(crate) use self::retry::RetryJson;
#[cfg(feature = "serde")]
pub(crate) use self::retry::StrictRetryJson;
#[cfg(all(test, any(feature = "sqlite", feature = "postgres")))]
pub(crate) use self::retry::tests::any_policy;
pub use self::{
    attempt::{Attempt, AttemptFailure, AttemptOutcome},
    captured::CapturedHeaders,
    message::Message,
    retry::{Backoff, Jitter, RetryPolicy},
    state::{DeadReason, DeliveryKey, DeliveryState, DiscardReason, Progress, Seq},
};

//! Events: names, patterns, payloads, and what else an event carries.
//!
//! - An [`EventName`] is 1–256 of `[A-Za-z0-9_.:/-]`, checked once, in the type.
//! - An [`EventPattern`] is a name, a name with a whole trailing part open (`order.*`), or `*`.
//! - A [`Payload`] is a JSON object: checked text kept byte for byte, or a value that went through
//!   the JSON-safe serializer.
//!
//! ```
//! use webhooks_core::event::{EventName, EventPattern};
//!
//! let pattern = EventPattern::new("order.*")?;
//! assert!(pattern.matches(&EventName::new("order.item.added")?));
//! assert!(!pattern.matches(&EventName::new("order")?));
//! # Ok::<(), webhooks_core::Error>(())
//! ```

mod draft;
mod ids;
pub(crate) mod json;
mod name;
mod pattern;
mod payload;
mod trace;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::ids::stable_hash;
pub use self::{
    draft::Event,
    ids::{DeliveryId, IdempotencyKey, MessageId, OrderingKey, Tenant},
    name::EventName,
    pattern::EventPattern,
    payload::{IntoPayload, Payload},
    trace::TraceParent,
};
pub(crate) use self::{
    ids::MessageIdText, pattern::Form as PatternForm,
    payload::DEFAULT_LIMIT as DEFAULT_PAYLOAD_LIMIT,
};

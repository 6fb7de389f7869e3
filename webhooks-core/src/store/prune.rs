//! What is forgotten.

use crate::env::Timestamp;

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

//! What was emitted, what arrived and what was killed, and whether that may have happened so.
//!
//! - [`check`] is a pure function: whoever records a history, real processes or a simulation, has it
//!   checked by the same rules.
//! - All moments are of one clock that never goes back.
//! - A lane is named only where order is promised: the emitter for one with a single lane, the emitter
//!   and the ordering key for one with several.

mod check;
pub mod inside;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

pub use self::check::{Summary, Violation, check};
use self::inside::Inside;

/// A moment: the time since the clock began.
pub type Moment = Duration;

/// What happened.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The events that somebody wanted to emit, by their delivery IDs.
    pub emits: BTreeMap<String, Emit>,
    /// What receivers saw, in the order in which they saw it.
    pub arrivals: Vec<Arrival>,
    /// What may cost an outcome: a kill, a takeover. In their order.
    pub faults: Vec<Moment>,
    /// Emitter and delivery ID of what was given up or discarded, as the store says.
    pub given_up: BTreeSet<(String, String)>,
    /// Emitter and delivery ID of what somebody wanted to be sent again: it may come again.
    pub wanted_again: BTreeSet<(String, String)>,
    /// What only a simulation knows; empty where processes are real.
    pub inside: Inside,
}

/// An event that somebody wanted to emit.
#[derive(Debug, Clone)]
pub struct Emit {
    /// When the call began.
    pub called: Moment,
    /// What the caller heard.
    pub answer: Answer,
    /// The payload.
    pub body: String,
    /// Where it goes: each emitter, and the lane if one is promised.
    pub targets: BTreeMap<String, Option<String>>,
}

/// What the caller of an emit heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A receipt, at this moment; the message ID where the receipt holds one.
    Receipt(Moment, Option<String>),
    /// Nothing, or an error that leaves it open: it may arrive or not.
    Unknown,
    /// That it was not taken: it must not arrive.
    Refused,
}

/// A request that a receiver saw.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When the whole of it had been read.
    pub at: Moment,
    /// Whose it was.
    pub emitter: String,
    /// The delivery ID.
    pub id: String,
    /// The `webhook-id`.
    pub message_id: String,
    /// The `x-webhooks-attempt`.
    pub attempt: u32,
    /// Its body.
    pub body: String,
    /// Whether it was answered with a success, if the sender lived to hear it.
    pub success: bool,
}

impl History {
    /// The arrivals of each delivery, by emitter and delivery ID, in their order.
    #[must_use]
    pub fn deliveries(&self) -> BTreeMap<(&str, &str), Vec<&Arrival>> {
        let mut deliveries: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for arrival in &self.arrivals {
            let key = (arrival.emitter.as_str(), arrival.id.as_str());
            deliveries.entry(key).or_default().push(arrival);
        }
        deliveries
    }
}

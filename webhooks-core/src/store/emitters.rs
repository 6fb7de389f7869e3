//! Emitters as a store keeps them.

use std::{sync::Arc, time::Duration};

use super::Health;
use crate::{
    emitter::{Backlog, DisabledReason, Emitter, EmitterId},
    env::Timestamp,
    sign::SigningKey,
};

/// All emitters, and the version of the table that they are of.
#[derive(Debug, Clone)]
pub struct EmitterTable {
    /// Grows with every change of an emitter's configuration or state.
    pub version: u64,
    /// All of them.
    pub emitters: Vec<Arc<Emitter>>,
}

/// An emitter to be written.
#[derive(Debug, Clone)]
pub struct PutEmitter {
    /// The emitter as it should be; its generation is drawn by the store.
    pub emitter: Emitter,
    /// What to do if there is one with its ID.
    pub put: Put,
    /// The time now.
    pub now: Timestamp,
}

/// What to do if there is an emitter with this ID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// Leave it alone, whatever its tenant.
    Attach,
    /// Replace its URL, patterns and settings; and its keys, if `replace_keys` says so and their
    /// secrets differ. Never its state, queue, generation or time of creation. `updated_at` becomes
    /// `now`, or a microsecond more than it was if that is later, so that it grows with every
    /// change.
    Upsert {
        /// Whether a secret was given.
        replace_keys: bool,
    },
}

/// What became of an emitter to be written.
#[derive(Debug, Clone)]
pub enum PutOutcome {
    /// There was none with its ID.
    Created(Arc<Emitter>),
    /// Its configuration was replaced.
    Updated(Arc<Emitter>),
    /// Its configuration was the same; nothing was written.
    Unchanged(Arc<Emitter>),
    /// [`Put::Attach`] found this one.
    Exists(Arc<Emitter>),
    /// [`Put::Upsert`] found this one, of another tenant; nothing was written.
    TenantMismatch(Arc<Emitter>),
}

/// A change of an emitter's state.
#[derive(Debug, Clone)]
pub struct SetState {
    /// The emitter.
    pub emitter: EmitterId,
    /// The change.
    pub change: StateChange,
    /// The time now.
    pub now: Timestamp,
}

/// A change of an emitter's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateChange {
    /// Stop delivering. [`Backlog::Discard`] draws a new generation and discards what is pending,
    /// also of an emitter that is paused already. A disabled emitter becomes paused.
    Pause(Backlog),
    /// Deliver again: a paused or disabled emitter becomes active, its health is forgotten.
    Restart,
    /// Disable an active emitter.
    Disable(DisabledReason),
}

/// What became of a change of an emitter's state.
#[derive(Debug, Clone)]
pub enum StateOutcome {
    /// It is in the asked state now.
    Changed(Arc<Emitter>),
    /// It was in the asked state before: [`StateChange::Restart`] of an active emitter,
    /// [`StateChange::Disable`] of one that is not active, `Pause(Keep)` of one that keeps already.
    /// `Pause(Discard)` is always a change.
    Unchanged(Arc<Emitter>),
    /// There is no such emitter.
    NotFound,
}

/// How an emitter's queue and receiver stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EmitterStanding {
    /// How many deliveries are pending.
    pub pending: u64,
    /// When the first of them in the order of `seq` was emitted.
    pub oldest_pending_at: Option<Timestamp>,
    /// How its receiver answered last.
    pub health: Health,
}

/// When an emitter that was last changed at `before` is changed at `now`. Other nodes compare this time:
/// it must not stand still.
pub(super) fn changed_at(before: Timestamp, now: Timestamp) -> Timestamp {
    now.max(before.saturating_add(Duration::from_micros(1)))
}

/// Whether two emitters have the same configuration, keys aside.
pub(super) fn same_config(a: &Emitter, b: &Emitter) -> bool {
    a.url == b.url && a.patterns == b.patterns && a.settings == b.settings
}

/// Whether the secrets are the same; a key that is given anew has another ID and time.
pub(super) fn same_keys(found: &[SigningKey], given: &[SigningKey]) -> bool {
    let secrets = found.iter().map(SigningKey::secret);
    secrets.eq(given.iter().map(SigningKey::secret))
}

//! Emitters: their IDs, configuration and state, and which of them an event reaches.
//!
//! - An [`EmitterId`] is 1–128 of `[A-Za-z0-9_.:-]` and unique.
//! - An [`EmitterConfig`] is what `attach` and `upsert` take; every setting but the URL has a
//!   default.
//! - An [`Emitter`] is one attached receiver as it stands. It never shows its secrets.
//! - The registry finds the emitters of an event by its name, without looking at the others.

mod config;
mod headers;
mod id;
#[cfg(feature = "serde")]
mod input;
#[cfg(any(feature = "serde", feature = "sqlite", feature = "postgres"))]
mod json;
mod record;
mod registry;
mod settings;
mod shared;
mod state;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod stored;

#[cfg(feature = "serde")]
#[doc(hidden)]
pub use self::input::{EmitterInput, HIDDEN};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::stored::{
    headers_from_stored, headers_to_stored, patterns_from_stored, patterns_to_stored,
};
pub use self::{
    config::EmitterConfig,
    id::EmitterId,
    record::Emitter,
    settings::{Ordering, Settings},
    state::{Backlog, DisabledReason, EmitterState},
};
pub(crate) use self::{headers::is_reserved_header, registry::Registry, shared::Shared};

//! Whether an emitter delivers.

use std::fmt;

use crate::words::words;

/// Whether an emitter delivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmitterState {
    /// It delivers.
    Active,
    /// Somebody paused it.
    Paused(Backlog),
    /// It was stopped because of how its receiver answers; it keeps what is queued and accepts
    /// nothing new.
    Disabled(DisabledReason),
}

/// What a pause does with what is queued and with what is emitted meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Backlog {
    /// Events queue, and go out in order after the restart.
    #[default]
    Keep,
    /// What is queued is discarded, and events emitted meanwhile do not reach the emitter.
    Discard,
}

/// Why an emitter was disabled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisabledReason {
    /// The receiver answered 410 Gone.
    Gone,
    /// Nothing but failures for as long as `disable_after` says.
    Failing,
}

impl EmitterState {
    /// Whether it delivers.
    #[must_use]
    pub fn is_active(self) -> bool {
        self == Self::Active
    }

    /// Whether an event emitted now is queued for it.
    #[must_use]
    pub fn accepts_events(self) -> bool {
        matches!(self, Self::Active | Self::Paused(Backlog::Keep))
    }

    /// The word for it in the admin API: `active`, `paused` or `disabled`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused(_) => "paused",
            Self::Disabled(_) => "disabled",
        }
    }
}

impl Backlog {
    /// The word for it in the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Discard => "discard",
        }
    }
}

words!(Backlog, "`backlog`", [Self::Keep, Self::Discard]);

impl DisabledReason {
    /// The word for it in the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

words!(
    DisabledReason,
    "`disabled_reason`",
    [Self::Gone, Self::Failing]
);

impl fmt::Display for EmitterState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

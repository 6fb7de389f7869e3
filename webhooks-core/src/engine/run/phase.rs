//! What a run does.

/// What it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It delivers.
    Working,
    /// The attempts in flight are waited for, and until the store knows of what is tried again: a load
    /// passes over what it does not know, and others would go before it. Then the lanes are loaded anew.
    Draining,
    /// Nothing starts: its receiver is gone, which the store is about to know.
    Halted,
    /// Nothing starts: it is paused, disabled or detached.
    Suspended,
}

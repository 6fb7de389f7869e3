//! The rules, and what breaks one.

/// A rule that was broken: its name, and what shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    /// The rule.
    pub rule: Rule,
    /// What shows it.
    pub what: String,
}

/// The rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// What was queued ends; as delivered only with a success, as discarded only by somebody's action.
    EndsRightly,
    /// What is acknowledged is queued for each emitter that listens to it, and is as the receipt says.
    ReceiptsHold,
    /// There is no attempt of what was not queued before.
    NothingFromNowhere,
    /// Nothing starts once an emitter was stopped.
    NothingWhileStopped,
    /// Nothing is sent that was queued before a discard.
    NothingDiscarded,
    /// A lane has one attempt in flight.
    OneHead,
    /// Nothing passes a head that waits for its next attempt.
    HeadFirst,
    /// An outcome of an old epoch changes nothing.
    NoStaleOutcome,
    /// Nothing starts or goes on when a node's time is up.
    NothingPastItsTime,
    /// No lease is taken from a node that is alive, and epochs grow.
    LeasesAreSafe,
    /// A process does not repeat what it heard a success of.
    SuccessIsFinal,
    /// Attempts are numbered without a gap, and written down.
    NoGaps,
    /// No more attempts are made than allowed.
    NoMoreAttempts,
    /// No attempt comes before it is due.
    NotEarly,
    /// Nor long after.
    NotLate,
    /// None is set for a time when the delivery is older than allowed.
    NotTooOld,
    /// What was queued is pending or has ended, at any time.
    NothingUncounted,
    /// Somebody takes over from a node that was killed.
    TakenOver,
    /// No more in flight than allowed.
    WithinLimits,
    /// A failing emitter is probed by one attempt at a time.
    OneProbe,
}

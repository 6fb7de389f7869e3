//! What is taken down.

use std::{collections::BTreeMap, time::Duration};

use super::Moment;

/// A process: one life of a node. What comes back after a crash is another one.
pub type Process = usize;

/// What a store keeps of a node for so long after a renewal.
pub const LIFETIME: Duration = Duration::from_secs(12);
/// A node starts nothing, and goes on with nothing, in the last second of that.
pub const MARGIN: Duration = Duration::from_secs(1);

/// What happened inside.
#[derive(Debug, Clone, Default)]
pub struct Inside {
    /// Deliveries that were queued, in the order of their commits.
    pub rows: Vec<Row>,
    /// Attempts, in the order in which they began.
    pub attempts: Vec<Attempt>,
    /// Events that were acknowledged.
    pub receipts: Vec<Receipt>,
    /// Outcomes that the store was told, in the order of their commits.
    pub settles: Vec<Settle>,
    /// Renewals that were committed.
    pub renewals: Vec<Renewal>,
    /// Processes that stood still, from when and until when.
    pub stalls: Vec<(Process, Moment, Moment)>,
    /// Processes that ended, and when.
    pub ended: Vec<(Moment, Process)>,
    /// Leases that were taken and given back, in the order of their commits.
    pub leases: Vec<Lease>,
    /// What was done to emitters.
    pub changes: Vec<Change>,
    /// What may have been done to them, by processes that were killed meanwhile.
    pub perhaps: Vec<Change>,
    /// Deliveries that were queued again: emitter and message.
    pub again: Vec<(Moment, Key)>,
    /// Deliveries that were taken out of the queue one by one.
    pub discards: Vec<(Moment, Key)>,
    /// How the store says that each ended.
    pub ends: BTreeMap<Key, End>,
    /// So long a change takes to reach all nodes at most; longer where the store fails.
    pub reach: Duration,
    /// At most so many attempts are in flight in a process.
    pub in_flight: usize,
    /// At most so many attempts are made of a delivery, by emitters.
    pub attempts_at_most: BTreeMap<String, u32>,
    /// How old a delivery may be when it is tried again, counted from its first attempt, by emitters that
    /// have such a limit.
    pub max_age: BTreeMap<String, Duration>,
    /// Until when nothing is sent to a receiver that failed, as the store was told.
    pub cooling: Vec<Cooling>,
    /// By so much the clocks of two nodes may differ.
    pub skew: Duration,
    /// Where nothing is wrong with nodes and their store, what is due begins within this.
    pub slack: Option<Duration>,
    /// What the store counts, after each commit; empty where that cannot be known.
    pub totals: Vec<Total>,
    /// Where nothing else goes wrong, others take over from a node that was killed within this.
    pub takeover: Option<Duration>,
}

/// A delivery: its emitter, and the ID of its message.
pub type Key = (String, String);

/// A delivery that was queued.
#[derive(Debug, Clone)]
pub struct Row {
    /// When it was committed.
    pub at: Moment,
    /// What it is.
    pub key: Key,
    /// Its place in the order of its emitter.
    pub seq: u64,
    /// The lane in which order is strict; `None` where it is not promised.
    pub lane: Option<String>,
    /// The generation of its emitter that it was queued under.
    pub generation: u64,
    /// It came for an old generation, and was queued by hand later on.
    pub by_hand: bool,
}

/// An event that was acknowledged.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// When the call began, and when it returned.
    pub call: (Moment, Moment),
    /// The ID of its message.
    pub message: String,
    /// How many deliveries it says that there are.
    pub deliveries: usize,
    /// The emitters that listen to it, whenever they are attached and not paused with a discard.
    pub listeners: Vec<String>,
}

/// An attempt, as the sender's transport sees it.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Who made it.
    pub process: Process,
    /// Of what.
    pub key: Key,
    /// What its header says: counts from 1.
    pub number: u32,
    /// When it began.
    pub start: Moment,
    /// When it ended; `None` while it goes on.
    pub end: Option<Moment>,
    /// What the sender heard.
    pub heard: Heard,
}

/// What the sender of an attempt heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Nothing: it goes on, or was dropped.
    Nothing,
    /// A status.
    Status(u16),
    /// That it failed.
    Failure,
}

impl Heard {
    /// Whether the receiver took it.
    #[must_use]
    pub fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}

/// An outcome that the store was told.
#[derive(Debug, Clone)]
pub struct Settle {
    /// When it was committed.
    pub at: Moment,
    /// By which process.
    pub process: Process,
    /// The node's ID, and the epoch that it claimed.
    pub claim: (String, u64),
    /// Of what.
    pub key: Key,
    /// Of which attempt.
    pub number: u32,
    /// Where it leads.
    pub verdict: Verdict,
    /// Whether the store took it, rather than refusing it for its epoch.
    pub was_taken: bool,
}

/// Where an outcome leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It was delivered.
    Delivered,
    /// There is another attempt, not before then.
    Retry(Moment),
    /// It is given up.
    Dead,
}

/// How long a receiver that failed is left alone.
#[derive(Debug, Clone)]
pub struct Cooling {
    /// When the store was told.
    pub at: Moment,
    /// Which emitter's receiver it is.
    pub emitter: String,
    /// Until when.
    pub until: Moment,
}

/// What the store counts.
#[derive(Debug, Clone, Copy)]
pub struct Total {
    /// When.
    pub at: Moment,
    /// How many deliveries were queued, those that were queued again included.
    pub queued: u64,
    /// How many of them were discarded, and turned out to be delivered: they count as both.
    pub both: u64,
    /// How many are pending.
    pub pending: u64,
    /// How many ended, however they did.
    pub ended: u64,
}

/// A renewal that was committed.
#[derive(Debug, Clone)]
pub struct Renewal {
    /// By which process.
    pub process: Process,
    /// The node's ID.
    pub node: String,
    /// When it was asked for.
    pub asked: Moment,
    /// When it was committed.
    pub at: Moment,
}

/// A lease that was taken or given back.
#[derive(Debug, Clone)]
pub struct Lease {
    /// When it was committed.
    pub at: Moment,
    /// Of which emitter.
    pub emitter: String,
    /// The node's ID.
    pub node: String,
    /// Under which epoch.
    pub epoch: u64,
    /// Whether it was taken, rather than given back.
    pub is_taken: bool,
}

/// What was done to an emitter.
#[derive(Debug, Clone)]
pub struct Change {
    /// By which process.
    pub process: Process,
    /// To which emitter.
    pub emitter: String,
    /// What.
    pub kind: Kind,
    /// When it was committed.
    pub at: Moment,
    /// When the call returned without an error; `None` if it did not.
    pub returned: Option<Moment>,
}

/// What was done to an emitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was attached, or attached anew: what was queued before is discarded.
    Attached,
    /// Its configuration was changed.
    Configured,
    /// It was paused, and holds what is queued.
    Paused,
    /// It was paused, and what was queued is discarded.
    Discarded,
    /// It was started again.
    Restarted,
    /// It was disabled, by its receiver's answers.
    Disabled,
    /// It was detached, and what was queued is discarded.
    Detached,
}

impl Kind {
    /// Whether what was queued before is discarded.
    #[must_use]
    pub fn discards(self) -> bool {
        matches!(self, Self::Attached | Self::Discarded | Self::Detached)
    }

    /// Whether nothing starts until another change.
    #[must_use]
    pub fn stops(self) -> bool {
        matches!(
            self,
            Self::Paused | Self::Discarded | Self::Disabled | Self::Detached
        )
    }
}

/// How a delivery ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    /// Where it stands.
    pub state: State,
    /// Why, where it needs a reason.
    pub reason: Option<String>,
    /// The numbers of its attempts, in the order in which they were written down.
    pub attempts: Vec<u32>,
}

/// Where a delivery stands at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It is in the queue.
    Pending,
    /// A receiver took it.
    Delivered,
    /// It was given up.
    Dead,
    /// It was taken out of the queue.
    Discarded,
}

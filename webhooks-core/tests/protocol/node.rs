//! One process, and what it has in memory of the emitter.

use super::state::{Epoch, Id, MESSAGES, Set};

/// One process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Node {
    pub(crate) process: Process,
    pub(crate) life: u8,
    /// By its own clock, its lease has not passed.
    pub(crate) awake: bool,
    pub(crate) own: Own,
    pub(crate) lane: Lane,
    pub(crate) loading: Loading,
    pub(crate) flight: Option<Flight>,
    /// The outcomes that the store does not have, by message.
    pub(crate) outcomes: [Outcome; MESSAGES],
    /// A give back that the node does not wait for any more: the server may still run it.
    pub(crate) late_give_back: Epoch,
    /// The epoch that an append claimed which was given up; 0 if there is none.
    pub(crate) given_up: Epoch,
    /// The last place that was ever in memory: not kept but where a rule is left out.
    pub(crate) high_water: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Process {
    Running,
    /// For longer than its lease; it may go on.
    Stopped,
    Crashed,
}

/// The emitter, as far as the node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Own {
    /// Nothing to do with it.
    Not,
    /// A lease is wanted.
    Wanted,
    /// The statement has its snapshot, in which the lease could be had.
    Asking,
    /// The answer is under way: the epoch, or 0.
    Answered(Epoch),
    Held(Epoch),
    Giving(Epoch, Giving),
}

/// How far giving back has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Giving {
    Sent,
    /// The statement has its snapshot.
    Open {
        pending: bool,
    },
    Done,
}

/// What is in memory of the emitter's one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lane {
    queue: [Id; MESSAGES + 1],
    len: u8,
    /// Everything pending up to this place is in memory.
    pub(crate) cursor: u8,
    /// Everything pending is in memory.
    pub(crate) complete: bool,
}

impl Lane {
    pub(crate) const UNKNOWN: Self = Self {
        queue: [0; MESSAGES + 1],
        len: 0,
        cursor: 0,
        complete: false,
    };
    pub(crate) const EMPTY: Self = Self {
        complete: true,
        ..Self::UNKNOWN
    };

    pub(crate) fn queue(&self) -> &[Id] {
        &self.queue[..usize::from(self.len)]
    }

    pub(crate) fn insert(&mut self, at: usize, message: Id) {
        let end = usize::from(self.len);
        self.queue.copy_within(at..end, at + 1);
        self.queue[at] = message;
        self.len += 1;
    }

    pub(crate) fn pop_last(&mut self) {
        self.len -= 1;
        self.queue[usize::from(self.len)] = 0;
    }

    pub(crate) fn pop_first(&mut self) -> Id {
        let first = self.queue[0];
        self.queue.rotate_left(1);
        self.len -= 1;
        self.queue[usize::from(self.len)..].fill(0);
        first
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Loading {
    /// A load that begins later is wanted.
    pub(crate) wanted: bool,
    /// It begins behind the last place ever seen: not but where a rule is left out.
    pub(crate) behind: bool,
    /// Where to go on with the next page.
    pub(crate) scan: Option<Scan>,
    pub(crate) running: Option<(Scan, Load)>,
    /// What was settled while it ran.
    pub(crate) settled: Set,
    /// What was stored while it ran.
    pub(crate) waiting: Set,
}

impl Loading {
    pub(crate) const IDLE: Self = Self {
        wanted: false,
        behind: false,
        scan: None,
        running: None,
        settled: 0,
        waiting: 0,
    };

    pub(crate) fn is_busy(&self) -> bool {
        self.wanted || self.scan.is_some() || self.running.is_some()
    }
}

/// What a load is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Scan {
    pub(crate) after: u8,
    /// It goes on at the cursor of the lane, or behind another page.
    pub(crate) refill: bool,
}

/// How far a load has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Load {
    /// The emitter is to be put under a new epoch first.
    Renewing,
    Sent,
    /// The deletion's statement has its snapshot, with these marks; and with these rows, where it reads
    /// as well.
    Deleting {
        seen: Set,
        owner: bool,
        read: Option<(Set, bool)>,
    },
    /// The deletion is committed.
    Deleted,
    /// Without its rule: what was read before the deletion.
    ReadFirst {
        rows: Set,
        more: bool,
    },
    /// The rows of its snapshot; it may have marks as well.
    Read {
        rows: Set,
        more: bool,
        marked: bool,
    },
    NotOwner,
}

/// An attempt under way, and under which epoch it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Flight {
    pub(crate) message: Id,
    pub(crate) epoch: Epoch,
}

/// What is to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    None,
    Waits(Epoch),
    /// The statement has its snapshot, in which the epoch was valid or not.
    Settling {
        epoch: Epoch,
        owner: bool,
    },
}

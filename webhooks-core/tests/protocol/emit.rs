//! A message under way to its receipt.

use super::state::{Epoch, Id, Set};

/// One call of `emit` or `emit_in`, from the call to the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Emit {
    pub(crate) node: Id,
    pub(crate) phase: Phase,
    pub(crate) ticket: Ticket,
    /// The epoch under which the node believed to own the emitter; 0 if it did not.
    pub(crate) epoch: Epoch,
    /// The answer was lost, or its future dropped: it is asked for again.
    pub(crate) unheard: bool,
    /// The answer was lost, and the caller has an error.
    pub(crate) given_up: bool,
    /// The caller has its receipt; for `emit_in`: it is committed.
    pub(crate) receipt: bool,
    /// What must arrive before: its receipt was out when this was called.
    pub(crate) after: Set,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Phase {
    Idle,
    /// The statement is on its way to the server.
    Called,
    /// It has its snapshot.
    Open {
        marked: bool,
        owner: bool,
    },
    /// `seq` is drawn and the row inserted; the proof is still to come.
    Drawn {
        marked: bool,
    },
    /// The proof has succeeded (and holds the lock) or failed (and inserted a mark).
    Proven {
        marked: bool,
        owner: bool,
        mark: Set,
    },
    /// It is committed, and the answer is under way.
    Stored {
        straight: bool,
    },
    /// The row is in memory or left to a load; without its rule, the receipt comes before.
    Received {
        straight: bool,
    },
    /// Inserted by an application's transaction that is open.
    Inside {
        mark: Set,
    },
    Done,
}

/// What the node remembers of the time of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Ticket {
    /// It did not own the emitter.
    None,
    /// It did, and nothing has changed.
    Fresh,
    /// A load was merged since, which did not bring it.
    Merged,
    /// Several were: which of them brought what is not known any more.
    Old,
    /// A load that was merged since has brought it.
    Brought,
    /// The emitter has left memory since.
    Gone,
}

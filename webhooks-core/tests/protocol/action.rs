//! What can happen next.

use super::{
    bounds::World,
    state::{Id, Set},
};

/// One step, with what it found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    // An append, as one autocommitted statement.
    Call { node: Id, message: Id },
    Snapshot { message: Id, marked: bool },
    Draw { message: Id, seq: u8 },
    Prove { message: Id, owner: bool },
    Commit { message: Id },
    Answer { message: Id, straight: bool },
    Receipt { message: Id },
    Unheard { message: Id },
    GivenUp { message: Id },
    SentAgain { message: Id },

    // `emit_in`.
    Insert { message: Id, seq: u8 },
    CommitInside { message: Id },
    RollBack { message: Id },

    // Loads.
    Wanted { node: Id },
    BeginLoad { node: Id, after: u8, refill: bool },
    NewEpoch { node: Id, epoch: u8 },
    LoadSnapshot { node: Id, seen: Set },
    Delete { node: Id, owner: bool },
    Select { node: Id, rows: Set, marked: bool },
    Merge { node: Id },

    // Attempts.
    Start { node: Id, message: Id },
    Arrive { node: Id, message: Id },
    SettleSnapshot { node: Id, message: Id },
    Settle { node: Id, message: Id, fenced: bool },

    // Leases.
    Sweep { node: Id },
    Kill { node: Id, by: Id },
    LeaseSnapshot { node: Id, free: bool },
    Lease { node: Id, epoch: u8 },
    LeaseAnswer { node: Id, epoch: u8 },
    LeaseUnheard { node: Id },
    Retire { node: Id },
    GiveBackSnapshot { node: Id },
    GiveBack { node: Id, marked: bool },
    GiveBackAnswer { node: Id },
    GiveBackUnheard { node: Id },
    LateGiveBack { node: Id },

    // The node's life.
    Crash { node: Id },
    Stop { node: Id },
    GoOn { node: Id },
    Renew { node: Id, dead: bool },
}

impl Action {
    /// Whether it is the second half of a statement that decides under its lock, by the newest version
    /// of the row: when it began is all the same then.
    pub(crate) fn is_second_half(self) -> bool {
        matches!(
            self,
            Self::Settle { .. } | Self::Lease { .. } | Self::GiveBack { .. }
        )
    }

    /// Whether it may never happen: nobody can rely on it to make anything good.
    pub(crate) fn is_chance(self, world: &World) -> bool {
        // In SQLite an open transaction holds everybody up.
        if world.bounds.serial && matches!(self, Self::CommitInside { .. }) {
            return false;
        }
        matches!(
            self,
            Self::Call { .. }
                | Self::Unheard { .. }
                | Self::GivenUp { .. }
                | Self::Insert { .. }
                | Self::CommitInside { .. }
                | Self::RollBack { .. }
                | Self::LeaseUnheard { .. }
                | Self::Retire { .. }
                | Self::GiveBackUnheard { .. }
                | Self::Crash { .. }
                | Self::Stop { .. }
                | Self::GoOn { .. }
        )
    }
}

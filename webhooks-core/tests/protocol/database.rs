//! The tables, as they are committed.

use super::state::{Epoch, Id, MESSAGES, Set, has};

/// The mark that giving back leaves; that of a message has the message's number.
pub(crate) const MARK_OF_GIVE_BACK: Set = 1 << MESSAGES;
/// The one mark that there is where marks are not rows.
pub(crate) const SHARED_MARK: Set = 1 << (MESSAGES + 1);

/// What is committed, and the sequences, which no transaction holds back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Database {
    pub(crate) next_seq: u8,
    /// The place of each message; 0 before it is drawn.
    pub(crate) seq: [u8; MESSAGES],
    /// The messages with a row.
    pub(crate) rows: Set,
    /// Those of them that are delivered.
    pub(crate) settled: Set,
    pub(crate) marks: Set,
    pub(crate) lease: Lease,
    /// Nodes whose first life was ended by others.
    pub(crate) dead: Set,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Lease {
    pub(crate) owner: Option<Owner>,
    pub(crate) epoch: Epoch,
}

/// A node's row: a node that was set dead has another in its second life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    pub(crate) node: Id,
    pub(crate) life: u8,
}

impl Database {
    pub(crate) fn pending(&self) -> Set {
        self.rows & !self.settled
    }

    pub(crate) fn is_owner(&self, node: Id, epoch: Epoch) -> bool {
        self.lease.epoch == epoch && self.lease.owner.is_some_and(|owner| owner.node == node)
    }

    pub(crate) fn is_dead(&self, owner: Owner) -> bool {
        owner.life == 0 && has(self.dead, owner.node)
    }

    /// Messages in the order of their places.
    pub(crate) fn in_order(&self, messages: Set) -> impl Iterator<Item = Id> + '_ {
        let mut ids: [Id; MESSAGES] = std::array::from_fn(|id| id as Id);
        ids.sort_unstable_by_key(|id| self.seq[usize::from(*id)]);
        ids.into_iter().filter(move |id| has(messages, *id))
    }
}

//! The state of the world: the database, two nodes, and the emits under way.

use super::{
    bounds::{Bounds, World},
    rules::Rule,
};

/// A node, or a message: its number.
pub(crate) type Id = u8;
/// A set of messages or marks.
pub(crate) type Set = u8;
/// Which owner in turn; 0 is none.
pub(crate) type Epoch = u8;

pub(crate) const NODES: [Id; 2] = [0, 1];
pub(crate) const MESSAGES: usize = 3;
/// The mark that giving back leaves; that of a message has the message's number.
pub(crate) const MARK_OF_GIVE_BACK: Set = 1 << MESSAGES;
/// The one mark that there is where marks are not rows.
pub(crate) const SHARED_MARK: Set = 1 << (MESSAGES + 1);

pub(crate) const fn one(id: Id) -> Set {
    1 << id
}

pub(crate) const fn has(set: Set, id: Id) -> bool {
    set & one(id) != 0
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) db: Database,
    pub(crate) nodes: [Node; 2],
    pub(crate) emits: [Emit; MESSAGES],
    /// What has arrived at the receiver.
    pub(crate) arrived: Set,
    pub(crate) left: Left,
}

/// What may still happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Left {
    pub(crate) crash: Set,
    pub(crate) stop: Set,
    pub(crate) give_backs: u8,
    pub(crate) unheard: u8,
}

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
}

impl Loading {
    pub(crate) const IDLE: Self = Self {
        wanted: false,
        behind: false,
        scan: None,
        running: None,
        settled: 0,
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
    Sent,
    /// The deletion's statement has its snapshot, with these marks.
    Deleting {
        seen: Set,
        owner: bool,
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

/// One call of `emit` or `emit_in`, from the call to the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Emit {
    pub(crate) node: Id,
    pub(crate) phase: Phase,
    pub(crate) ticket: Ticket,
    /// The epoch under which the node believed to own the emitter; 0 if it did not.
    pub(crate) epoch: Epoch,
    /// The answer was lost, or its future dropped.
    pub(crate) unheard: bool,
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
    /// A load was merged since.
    Merged,
    /// The emitter has left memory since.
    Gone,
}

impl State {
    /// The first node owns the emitter and has nothing to do.
    pub(crate) fn first(bounds: &Bounds) -> Self {
        let node = |own, lane| Node {
            process: Process::Running,
            life: 0,
            awake: true,
            own,
            lane,
            loading: Loading::IDLE,
            flight: None,
            outcomes: [Outcome::None; MESSAGES],
            late_give_back: 0,
            high_water: 0,
        };
        Self {
            db: Database {
                next_seq: 1,
                seq: [0; MESSAGES],
                rows: 0,
                settled: 0,
                marks: 0,
                lease: Lease {
                    owner: Some(Owner { node: 0, life: 0 }),
                    epoch: 1,
                },
                dead: 0,
            },
            nodes: [node(Own::Held(1), Lane::EMPTY), node(Own::Not, Lane::UNKNOWN)],
            emits: [Emit {
                node: 0,
                phase: Phase::Idle,
                ticket: Ticket::None,
                epoch: 0,
                unheard: false,
                receipt: false,
                after: 0,
            }; MESSAGES],
            arrived: 0,
            left: Left {
                crash: bounds.crash,
                stop: bounds.stop,
                give_backs: bounds.give_backs,
                unheard: bounds.unheard,
            },
        }
    }

    pub(crate) fn node(&mut self, id: Id) -> &mut Node {
        &mut self.nodes[usize::from(id)]
    }

    pub(crate) fn emit(&mut self, id: Id) -> &mut Emit {
        &mut self.emits[usize::from(id)]
    }

    /// The emitter leaves a node's memory.
    pub(crate) fn drop_run(&mut self, id: Id) {
        let node = self.node(id);
        node.own = Own::Not;
        node.lane = Lane::UNKNOWN;
        node.loading = Loading::IDLE;
        self.change_tickets(id, Ticket::Gone);
    }

    pub(crate) fn change_tickets(&mut self, id: Id, to: Ticket) {
        let emits = self.emits.iter_mut().filter(|emit| emit.node == id);
        for emit in emits {
            if emit.ticket == Ticket::Fresh || (emit.ticket == Ticket::Merged && to == Ticket::Gone)
            {
                emit.ticket = to;
            }
        }
    }

    /// Whether an open append holds its lock (`FOR SHARE`) on the lease's row. All other locks on it
    /// are taken in the same step as the commit that ends them.
    pub(crate) fn lease_is_locked(&self, world: &World) -> bool {
        let locks = |emit: &Emit| matches!(emit.phase, Phase::Proven { owner: true, .. });
        world.keep(Rule::ProofLocks) && self.emits.iter().any(locks)
    }

    /// Whether another write is open, where every write is alone.
    pub(crate) fn is_writing(&self) -> bool {
        let emit = |emit: &Emit| {
            matches!(
                emit.phase,
                Phase::Open { .. }
                    | Phase::Drawn { .. }
                    | Phase::Proven { .. }
                    | Phase::Inside { .. }
            )
        };
        let node = |node: &Node| {
            let loading = node.loading.running.map(|(_, load)| load);
            let settling = |outcome: &Outcome| matches!(outcome, Outcome::Settling { .. });
            matches!(node.own, Own::Asking | Own::Giving(_, Giving::Open { .. }))
                || matches!(loading, Some(Load::Deleting { .. }))
                || node.outcomes.iter().any(settling)
        };
        self.emits.iter().any(emit) || self.nodes.iter().any(node)
    }
}

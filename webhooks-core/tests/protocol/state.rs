//! The state of the world: the database, two nodes, and the emits under way.

use super::{
    bounds::{Bounds, World},
    database::{Database, Lease, Owner},
    emit::{Emit, Phase, Ticket},
    node::{Giving, Lane, Load, Loading, Node, Outcome, Own, Process},
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
            given_up: 0,
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
            nodes: [
                node(Own::Held(1), Lane::EMPTY),
                node(Own::Not, Lane::UNKNOWN),
            ],
            emits: [Emit {
                node: 0,
                phase: Phase::Idle,
                ticket: Ticket::None,
                epoch: 0,
                unheard: false,
                given_up: false,
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
        self.void_tickets(id);
    }

    /// Nothing of what a node has sent goes straight any more.
    fn void_tickets(&mut self, id: Id) {
        for emit in self.emits.iter_mut().filter(|emit| emit.node == id) {
            if emit.ticket != Ticket::None {
                emit.ticket = Ticket::Gone;
            }
        }
    }

    /// A load has brought these.
    pub(crate) fn brought(&mut self, id: Id, rows: Set) {
        for (message, emit) in (0..).zip(&mut self.emits) {
            if emit.node == id {
                emit.ticket = match emit.ticket {
                    Ticket::Fresh | Ticket::Merged if has(rows, message) => Ticket::Brought,
                    Ticket::Fresh => Ticket::Merged,
                    Ticket::Merged => Ticket::Old,
                    other => other,
                };
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

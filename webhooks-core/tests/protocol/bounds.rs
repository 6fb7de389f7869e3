//! How far a search goes.

use super::{
    rules::{Rule, Rules},
    state::{MESSAGES, Set},
};

/// What a search is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct World {
    pub(crate) rules: Rules,
    pub(crate) bounds: Bounds,
}

impl World {
    pub(crate) fn keep(&self, rule: Rule) -> bool {
        self.rules.keep(rule)
    }
}

/// Where an event may be emitted: on the first node, on the second, inside a transaction.
pub(crate) type Ways = u8;

pub(crate) const ON_X: Ways = 1;
pub(crate) const ON_Y: Ways = 2;
pub(crate) const INSIDE: Ways = 4;
pub(crate) const ANYWHERE: Ways = ON_X | ON_Y;
/// Both nodes.
pub(crate) const BOTH: Set = 3;
pub(crate) const ONLY_X: Set = 1;

/// What may happen in one search. Each event happens once at most, a crash or a stop, one of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Where each event may be emitted; 0 if it is not.
    pub(crate) emits: [Ways; MESSAGES],
    /// The nodes one of which may crash.
    pub(crate) crash: Set,
    /// The nodes one of which may be stopped past its lease; it may go on later.
    pub(crate) stop: Set,
    /// A stopped node goes on at any time, not only once another has taken over.
    pub(crate) early: bool,
    /// How often an idle lease is given back.
    pub(crate) give_backs: u8,
    /// How often an answer of the store's is lost.
    pub(crate) unheard: u8,
    /// How many deliveries a lane has in memory, and how many a load brings.
    pub(crate) window: usize,
    /// Every write is alone (`BEGIN IMMEDIATE`).
    pub(crate) serial: bool,
    /// A load deletes and reads in one statement, with one snapshot.
    pub(crate) one_statement: bool,
    /// Other steps come between the two halves of a statement that decides under a lock.
    pub(crate) halves: bool,
}

impl Bounds {
    /// Two emits on two nodes, and nothing goes wrong.
    pub(crate) const QUIET: Self = Self {
        emits: [ANYWHERE, ANYWHERE, 0],
        crash: 0,
        stop: 0,
        early: false,
        give_backs: 0,
        unheard: 0,
        window: 2,
        serial: false,
        one_statement: false,
        halves: false,
    };
}

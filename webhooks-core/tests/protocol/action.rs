//! What can happen next, and what must never happen.

use std::fmt;

use super::{
    bounds::World,
    rules::Rule,
    state::{Id, Set, State, has},
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
    SentAgain { message: Id },

    // `emit_in`.
    Insert { message: Id, seq: u8 },
    CommitInside { message: Id },
    RollBack { message: Id },

    // Loads.
    Wanted { node: Id },
    BeginLoad { node: Id, after: u8, refill: bool },
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

/// What a step broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// It arrived before one whose receipt was out when it was emitted.
    Order { message: Id, before: Set },
    /// It is committed, and nobody will ever load it.
    Lost { messages: Set },
    /// It was sent, and is not committed.
    Phantom { message: Id },
    /// It is in the store twice.
    Twice { message: Id },
    /// It was settled as delivered, and sent again.
    Again { message: Id },
    /// A row changed under an epoch that has passed.
    StaleWrite { node: Id },
    /// An attempt began on a node that does not own the emitter.
    NotOwner { node: Id },
    /// From here on, nothing ever comes to rest.
    Restless,
}

/// The kinds that a search may be asked to look beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Order,
    Lost,
    Phantom,
    Twice,
    Again,
    StaleWrite,
    NotOwner,
    Restless,
}

impl Violation {
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Order { .. } => Kind::Order,
            Self::Lost { .. } => Kind::Lost,
            Self::Phantom { .. } => Kind::Phantom,
            Self::Twice { .. } => Kind::Twice,
            Self::Again { .. } => Kind::Again,
            Self::StaleWrite { .. } => Kind::StaleWrite,
            Self::NotOwner { .. } => Kind::NotOwner,
            Self::Restless => Kind::Restless,
        }
    }
}

/// What follows from a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Next {
    pub(crate) action: Action,
    pub(crate) state: State,
    pub(crate) violation: Option<Violation>,
}

/// Collects all steps that can be made from a state.
pub(crate) struct Steps<'a> {
    pub(crate) from: &'a State,
    pub(crate) world: &'a World,
    pub(crate) found: &'a mut Vec<Next>,
}

impl<'a> Steps<'a> {
    pub(crate) fn keep(&self, rule: Rule) -> bool {
        self.world.keep(rule)
    }

    pub(crate) fn step(&mut self, action: Action, change: impl FnOnce(&mut State)) {
        self.checked(action, |state| {
            change(state);
            None
        });
    }

    pub(crate) fn checked(
        &mut self,
        action: Action,
        change: impl FnOnce(&mut State) -> Option<Violation>,
    ) {
        let mut state = *self.from;
        let violation = change(&mut state);
        self.found.push(Next {
            action,
            state,
            violation,
        });
    }

    /// Whether a write may begin.
    pub(crate) fn may_write(&self) -> bool {
        !self.world.bounds.serial || !self.from.is_writing()
    }
}

fn name(message: Id) -> char {
    char::from(b'A' + message)
}

fn owner(node: Id) -> char {
    char::from(b'X' + node)
}

pub(crate) fn names(messages: Set) -> String {
    let found: Vec<_> = (0..8)
        .filter(|id| has(messages, *id))
        .map(|id| match id {
            3 => "given back".to_owned(),
            id => name(id).to_string(),
        })
        .collect();
    if found.is_empty() {
        "nothing".to_owned()
    } else {
        found.join(", ")
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = |node: &Id, message: &Id| format!("{}: {}", owner(*node), name(*message));
        match self {
            Self::Call { node, message } => {
                write!(f, "{}: emit({}) is called", owner(*node), name(*message))
            }
            Self::Snapshot { message, marked } => {
                let marked = if *marked { "a mark" } else { "no mark" };
                write!(f, "   {}: its statement begins and sees {marked}", name(*message))
            }
            Self::Draw { message, seq } => write!(f, "   {}: draws seq {seq}", name(*message)),
            Self::Prove { message, owner } => {
                let what = if *owner { "is proven" } else { "is not proven" };
                write!(f, "   {}: ownership {what}", name(*message))
            }
            Self::Commit { message } => write!(f, "   {}: commits", name(*message)),
            Self::Answer { message, straight } => {
                let fate = if *straight { "straight" } else { "withheld" };
                write!(f, "   {}: is answered, {fate}", name(*message))
            }
            Self::Receipt { message } => write!(f, "   {}: the receipt is out", name(*message)),
            Self::Unheard { message } => write!(f, "   {}: the answer is lost", name(*message)),
            Self::SentAgain { message } => {
                write!(f, "   {}: sent again, and answered", name(*message))
            }
            Self::Insert { message, seq } => {
                write!(f, "emit_in({}) inserts with seq {seq}, transaction open", name(*message))
            }
            Self::CommitInside { message } => {
                write!(f, "   {}: the transaction commits", name(*message))
            }
            Self::RollBack { message } => write!(f, "   {}: rolled back", name(*message)),
            Self::Wanted { node } => write!(f, "{}: finds a mark, wants a load", owner(*node)),
            Self::BeginLoad {
                node,
                after,
                refill,
            } => {
                let what = if *refill { "refill" } else { "load" };
                write!(f, "{}: sends a {what} of what is after {after}", owner(*node))
            }
            Self::LoadSnapshot { node, seen } => write!(
                f,
                "{}:    the deletion begins and sees the marks of: {}",
                owner(*node),
                names(*seen)
            ),
            Self::Delete { node, owner: true } => {
                write!(f, "{}:    the deletion commits", owner(*node))
            }
            Self::Delete { node, .. } => {
                write!(f, "{}:    the deletion finds another owner", owner(*node))
            }
            Self::Select { node, rows, marked } => write!(
                f,
                "{}:    the select begins and sees: {}{}",
                owner(*node),
                names(*rows),
                if *marked { ", and a mark" } else { "" }
            ),
            Self::Merge { node } => write!(f, "{}:    the load is answered", owner(*node)),
            Self::Start { node, message } => write!(f, "{} starts", of(node, message)),
            Self::Arrive { node, message } => write!(f, "{} ARRIVES", of(node, message)),
            Self::SettleSnapshot { node, message } => {
                write!(f, "{} is being settled", of(node, message))
            }
            Self::Settle {
                node,
                message,
                fenced,
            } => {
                let what = if *fenced { "refused" } else { "settled" };
                write!(f, "{} is {what}", of(node, message))
            }
            Self::Sweep { node } => {
                write!(f, "{}: finds an emitter without owner", owner(*node))
            }
            Self::Kill { node, by } => write!(f, "{}: takes {} for dead", owner(*by), owner(*node)),
            Self::LeaseSnapshot { node, free } => {
                let free = if *free { "free" } else { "taken" };
                write!(f, "{}: asks for the lease and sees it {free}", owner(*node))
            }
            Self::Lease { node, epoch: 0 } => write!(f, "{}:    does not get it", owner(*node)),
            Self::Lease { node, epoch } => {
                write!(f, "{}:    gets it with epoch {epoch}, committed", owner(*node))
            }
            Self::LeaseAnswer { node, epoch: 0 } => {
                write!(f, "{}:    hears that it has no lease", owner(*node))
            }
            Self::LeaseAnswer { node, epoch } => {
                write!(f, "{}:    hears that it has epoch {epoch}", owner(*node))
            }
            Self::LeaseUnheard { node } => {
                write!(f, "{}:    the lease's answer is lost", owner(*node))
            }
            Self::Retire { node } => write!(f, "{}: is idle and gives back", owner(*node)),
            Self::GiveBackSnapshot { node } => {
                write!(f, "{}:    the give back's statement begins", owner(*node))
            }
            Self::GiveBack { node, marked } => {
                let marked = if *marked { ", leaving a mark" } else { "" };
                write!(f, "{}:    the give back commits{marked}", owner(*node))
            }
            Self::GiveBackAnswer { node } => {
                write!(f, "{}:    the give back is answered", owner(*node))
            }
            Self::GiveBackUnheard { node } => {
                write!(f, "{}:    the give back's answer is lost", owner(*node))
            }
            Self::LateGiveBack { node } => {
                write!(f, "{}:    the lost give back runs on the server", owner(*node))
            }
            Self::Crash { node } => write!(f, "{} CRASHES", owner(*node)),
            Self::Stop { node } => write!(f, "{} STOPS, past its lease", owner(*node)),
            Self::GoOn { node } => write!(f, "{} goes on, unrenewed", owner(*node)),
            Self::Renew { node, dead: false } => write!(f, "{}: is renewed", owner(*node)),
            Self::Renew { node, .. } => {
                write!(f, "{}: finds itself dead, comes back as another", owner(*node))
            }
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order { message, before } => write!(
                f,
                "{} arrived before {}, whose receipt was out when it was emitted",
                name(*message),
                names(*before)
            ),
            Self::Lost { messages } => {
                write!(f, "{} is committed, and nobody will load it", names(*messages))
            }
            Self::Phantom { message } => {
                write!(f, "{} was sent and is not committed", name(*message))
            }
            Self::Twice { message } => write!(f, "{} is in the store twice", name(*message)),
            Self::Again { message } => {
                write!(f, "{} is settled, and its owner sends it again", name(*message))
            }
            Self::StaleWrite { node } => {
                write!(f, "{} changed a row under an epoch that has passed", owner(*node))
            }
            Self::NotOwner { node } => {
                write!(f, "{} started an attempt and is not the owner", owner(*node))
            }
            Self::Restless => write!(f, "from here on, nothing comes to rest"),
        }
    }
}

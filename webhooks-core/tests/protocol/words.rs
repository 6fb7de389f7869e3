//! Steps in words.

use std::fmt;

use super::{
    action::Action,
    state::{Id, Set, has},
};

pub(crate) fn name(message: Id) -> char {
    char::from(b'A' + message)
}

pub(crate) fn owner(node: Id) -> char {
    char::from(b'X' + node)
}

pub(crate) fn names(messages: Set) -> String {
    let found: Vec<_> = (0..8)
        .filter(|id| has(messages, *id))
        .map(|id| match id {
            3 => "the give back".to_owned(),
            4 => "somebody".to_owned(),
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
                write!(
                    f,
                    "   {}: its statement begins and sees {marked}",
                    name(*message)
                )
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
            Self::GivenUp { message } => write!(f, "   {}: the caller gives up", name(*message)),
            Self::SentAgain { message } => {
                write!(f, "   {}: sent again, and answered", name(*message))
            }
            Self::Insert { message, seq } => {
                write!(
                    f,
                    "emit_in({}) inserts with seq {seq}, transaction open",
                    name(*message)
                )
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
                write!(
                    f,
                    "{}: sends a {what} of what is after {after}",
                    owner(*node)
                )
            }
            Self::NewEpoch { node, epoch } => {
                write!(f, "{}:    the emitter has epoch {epoch}", owner(*node))
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
                write!(
                    f,
                    "{}:    gets it with epoch {epoch}, committed",
                    owner(*node)
                )
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
                write!(
                    f,
                    "{}:    the lost give back runs on the server",
                    owner(*node)
                )
            }
            Self::Crash { node } => write!(f, "{} CRASHES", owner(*node)),
            Self::Stop { node } => write!(f, "{} STOPS, past its lease", owner(*node)),
            Self::GoOn { node } => write!(f, "{} goes on, unrenewed", owner(*node)),
            Self::Renew { node, dead: false } => write!(f, "{}: is renewed", owner(*node)),
            Self::Renew { node, .. } => {
                write!(
                    f,
                    "{}: finds itself dead, comes back as another",
                    owner(*node)
                )
            }
        }
    }
}

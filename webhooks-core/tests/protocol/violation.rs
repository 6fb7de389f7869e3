//! What must never happen.

use std::fmt;

use super::{
    state::{Id, Set},
    words::{name, names, owner},
};

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
                write!(
                    f,
                    "{} is committed, and nobody will load it",
                    names(*messages)
                )
            }
            Self::Phantom { message } => {
                write!(f, "{} was sent and is not committed", name(*message))
            }
            Self::Twice { message } => write!(f, "{} is in the store twice", name(*message)),
            Self::Again { message } => {
                write!(
                    f,
                    "{} is settled, and its owner sends it again",
                    name(*message)
                )
            }
            Self::StaleWrite { node } => {
                write!(
                    f,
                    "{} changed a row under an epoch that has passed",
                    owner(*node)
                )
            }
            Self::NotOwner { node } => {
                write!(
                    f,
                    "{} started an attempt and is not the owner",
                    owner(*node)
                )
            }
            Self::Restless => write!(f, "from here on, nothing comes to rest"),
        }
    }
}

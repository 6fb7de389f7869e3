//! What is pending for one emitter, and whose it is.

use std::{
    collections::BTreeMap,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use crate::{
    delivery::{DiscardReason, Seq},
    emitter::Emitter,
    event::MessageId,
    store::{Epoch, Health, NodeId},
};

/// What is pending for one emitter, and whose it is. One without work is as small as its emitter.
#[derive(Default)]
pub(super) struct Queue {
    /// `None` once it is detached: the queue stays until its lease is given back.
    pub(super) emitter: Option<Arc<Emitter>>,
    /// `None` stands for none of it.
    work: Option<Box<Work>>,
}

/// What there is of a queue that has, or lately had, something to do.
#[derive(Default, PartialEq)]
pub(super) struct Work {
    /// All of the current generation: what begins a new one discards these.
    pub(super) pending: BTreeMap<Seq, MessageId>,
    pub(super) lease: Option<(NodeId, Epoch)>,
    /// Something was appended that the owner has not loaded.
    pub(super) marked: bool,
    pub(super) health: Health,
}

static NO_WORK: Work = Work {
    pending: BTreeMap::new(),
    lease: None,
    marked: false,
    health: Health {
        consecutive_failures: 0,
        cooling_until: None,
        failing_since: None,
    },
};

impl Deref for Queue {
    type Target = Work;

    fn deref(&self) -> &Work {
        self.work.as_deref().unwrap_or(&NO_WORK)
    }
}

impl DerefMut for Queue {
    fn deref_mut(&mut self) -> &mut Work {
        self.work.get_or_insert_default()
    }
}

impl Queue {
    /// Gives memory back, if there is nothing to do.
    pub(super) fn rest(&mut self) {
        if self.work.as_deref() == Some(&NO_WORK) {
            self.work = None;
        }
    }

    pub(super) fn is_owner(&self, node: NodeId, epoch: Epoch) -> bool {
        self.lease == Some((node, epoch))
    }

    pub(super) fn is_active(&self) -> bool {
        self.emitter
            .as_ref()
            .is_some_and(|emitter| emitter.state.is_active())
    }

    /// Whether anybody should lease it.
    pub(super) fn wants_owner(&self) -> bool {
        self.is_active() && !self.pending.is_empty()
    }

    /// Why a delivery of this generation cannot be queued.
    pub(super) fn refuses(&self, generation: u64) -> Option<DiscardReason> {
        match &self.emitter {
            None => Some(DiscardReason::Detached),
            Some(emitter) if emitter.generation != generation => Some(DiscardReason::Paused),
            Some(_) => None,
        }
    }
}

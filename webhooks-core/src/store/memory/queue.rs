//! What is pending for one emitter, and whose it is.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    delivery::{DiscardReason, Seq},
    emitter::Emitter,
    event::MessageId,
    store::{Epoch, Health, NodeId},
};

/// What is pending for one emitter, and whose it is.
#[derive(Default)]
pub(super) struct Queue {
    /// `None` once it is detached: the queue stays until its lease is given back.
    pub(super) emitter: Option<Arc<Emitter>>,
    /// All of the current generation: what begins a new one discards these.
    pub(super) pending: BTreeMap<Seq, MessageId>,
    pub(super) lease: Option<(NodeId, Epoch)>,
    /// Something was appended that the owner has not loaded.
    pub(super) marked: bool,
    pub(super) health: Health,
}

impl Queue {
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

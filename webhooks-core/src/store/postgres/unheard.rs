//! What was asked and never answered: it may still be done, whenever the database comes to it.
//!
//! - An append that is proven by a lease leaves no mark, so a load that comes before it misses it. Before the
//!   next load its emitters get a new epoch: the database waits for it then, or it is proven by nothing and
//!   leaves a mark.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::{
    emitter::EmitterId,
    store::{Epoch, Load, NodeId},
};

/// What was asked and never answered.
#[derive(Default)]
pub(super) struct Unheard(Mutex<State>);

#[derive(Default)]
struct State {
    appends: HashMap<NodeId, BTreeSet<(EmitterId, Epoch)>>,
}

impl Unheard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An append that claimed to be these emitters' owner's was not answered.
    pub(super) fn append(
        &self,
        node: NodeId,
        claims: impl IntoIterator<Item = (EmitterId, Epoch)>,
    ) {
        let mut state = self.state();
        let of_node = state.appends.entry(node).or_default();
        of_node.extend(claims);
    }

    /// Which of what is to be loaded has such appends.
    pub(super) fn of_loads(&self, loads: &[Load]) -> HashMap<NodeId, BTreeSet<(EmitterId, Epoch)>> {
        let state = self.state();
        let mut found: HashMap<NodeId, BTreeSet<_>> = HashMap::new();
        if state.appends.is_empty() {
            return found;
        }
        for load in loads {
            let claim = (load.emitter.clone(), load.epoch);
            let of_node = state.appends.get(&load.node);
            if of_node.is_some_and(|claims| claims.contains(&claim)) {
                found.entry(load.node).or_default().insert(claim);
            }
        }
        found
    }

    /// These have a new epoch.
    pub(super) fn heard(&self, node: NodeId, claims: &BTreeSet<(EmitterId, Epoch)>) {
        let mut state = self.state();
        if let Some(of_node) = state.appends.get_mut(&node) {
            of_node.retain(|claim| !claims.contains(claim));
            if of_node.is_empty() {
                state.appends.remove(&node);
            }
        }
    }

    /// This node is dead, and owns nothing any more.
    pub(super) fn forget(&self, node: NodeId) {
        self.state().appends.remove(&node);
    }
}

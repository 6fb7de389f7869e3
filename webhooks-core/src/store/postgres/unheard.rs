//! What was asked and never answered: it may still be done, whenever the database comes to it.
//!
//! - An append that is proven by a lease leaves no mark, so a load that comes before it misses it. Before the
//!   next load its emitters get a new epoch: the database waits for it then, or it is proven by nothing and
//!   leaves a mark.
//! - A lease may have been taken that its node does not know of: for a while what the node owns is counted
//!   anew.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::{
    emitter::EmitterId,
    store::{Epoch, Load, NodeId},
};

/// How long after a request a lease may turn up: longer than the database takes over anything.
const RECOUNT: Duration = Duration::from_secs(30);

/// What was asked and never answered.
#[derive(Default)]
pub(super) struct Unheard(Mutex<State>);

#[derive(Default)]
struct State {
    appends: HashMap<NodeId, BTreeSet<(EmitterId, Epoch)>>,
    recount_until: Option<Instant>,
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

    /// A request for leases was not answered.
    pub(super) fn lease(&self) {
        self.state().recount_until = Some(Instant::now() + RECOUNT);
    }

    /// Whether a node may own what it does not know of.
    pub(super) fn recounts(&self) -> bool {
        let until = self.state().recount_until;
        until.is_some_and(|until| Instant::now() < until)
    }
}

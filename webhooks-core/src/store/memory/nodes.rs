//! Which nodes are alive, and what they own.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{NODE_LIFETIME, NodeId, Renewal},
};

/// Which nodes are alive, and what they own. Dead ones stay, so that they are told.
#[derive(Default)]
pub(super) struct Nodes(BTreeMap<NodeId, Node>);

struct Node {
    until: Timestamp,
    dead: bool,
    leases: BTreeSet<EmitterId>,
}

impl Nodes {
    pub(super) fn renew(&mut self, node: NodeId, now: Timestamp) -> Renewal {
        let until = now.saturating_add(NODE_LIFETIME);
        let node = self.0.entry(node).or_insert_with(|| Node {
            until,
            dead: false,
            leases: BTreeSet::new(),
        });
        if node.dead {
            return Renewal::Dead;
        }
        node.until = node.until.max(until);
        Renewal::Alive {
            until: node.until,
            clock: None,
        }
    }

    pub(super) fn is_alive(&self, node: NodeId, now: Timestamp) -> bool {
        self.0.get(&node).is_some_and(|node| node.is_alive(now))
    }

    pub(super) fn own(&mut self, node: NodeId, emitter: EmitterId) {
        if let Some(node) = self.0.get_mut(&node) {
            node.leases.insert(emitter);
        }
    }

    pub(super) fn give_back(&mut self, node: NodeId, emitter: &EmitterId) {
        if let Some(node) = self.0.get_mut(&node) {
            node.leases.remove(emitter);
        }
    }

    /// Takes an emitter from a node that is not alive, which is dead from now on.
    pub(super) fn take_over(&mut self, node: NodeId, emitter: &EmitterId) {
        if let Some(node) = self.0.get_mut(&node) {
            node.dead = true;
            node.leases.remove(emitter);
        }
    }

    /// What this node owns.
    pub(super) fn owned_by(&self, node: NodeId) -> impl Iterator<Item = &EmitterId> {
        self.0.get(&node).into_iter().flat_map(|node| &node.leases)
    }

    /// What nodes own that are not alive.
    pub(super) fn orphans(&self, now: Timestamp) -> Vec<EmitterId> {
        self.0
            .values()
            .filter(|node| !node.is_alive(now))
            .flat_map(|node| node.leases.iter().cloned())
            .collect()
    }
}

impl Node {
    fn is_alive(&self, now: Timestamp) -> bool {
        !self.dead && now < self.until
    }
}

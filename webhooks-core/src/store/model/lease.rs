//! Nodes and what they own.

use std::time::Duration;

use super::{Model, state::Node};
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{Epoch, Lease, LeaseRequest, NodeId, Renewal},
};

/// For how long a renewal holds.
const LIFETIME: Duration = Duration::from_secs(12);

impl Model {
    /// As [`Store::renew`](crate::store::Store::renew).
    pub fn renew(&mut self, node: NodeId, now: Timestamp) -> Renewal {
        let until = now.saturating_add(LIFETIME);
        let known = self
            .nodes
            .entry(node)
            .or_insert(Node { until, dead: false });
        if known.dead {
            return Renewal::Dead;
        }
        known.until = known.until.max(until);
        Renewal::Alive {
            until: known.until,
            clock: None,
        }
    }

    /// As [`Store::lease`](crate::store::Store::lease).
    pub fn lease(&mut self, request: LeaseRequest) -> Vec<Lease> {
        let LeaseRequest {
            node,
            emitters,
            recount,
            limit,
            now,
        } = request;
        if !self.is_alive(node, now) {
            return Vec::new();
        }
        let wanted = emitters.unwrap_or_else(|| self.any(node, recount, now));
        let mut leases: Vec<Lease> = Vec::new();
        for emitter in wanted {
            let known = leases.iter().any(|lease| lease.emitter == emitter);
            if known || leases.len() >= limit {
                continue;
            }
            leases.extend(self.lease_one(emitter, node, now));
        }
        leases
    }

    /// As [`Store::give_back`](crate::store::Store::give_back).
    pub fn give_back(&mut self, node: NodeId, leases: &[(EmitterId, Epoch)]) {
        for (emitter, epoch) in leases {
            if self.is_owner(node, emitter, *epoch) {
                self.leases.remove(emitter);
                if self.is_active(emitter) && !self.pending(emitter).is_empty() {
                    self.changes += 1;
                }
            }
        }
    }

    /// What a node gets that asks for nothing in particular.
    fn any(&self, node: NodeId, recount: bool, now: Timestamp) -> Vec<EmitterId> {
        let is_meant = |id: &EmitterId| match self.leases.get(id) {
            Some((owner, _)) if *owner == node => {
                self.marks.contains(id) || (recount && !self.pending(id).is_empty())
            }
            Some((owner, _)) if self.is_alive(*owner, now) => false,
            _ => !self.pending(id).is_empty(),
        };
        let ids = self.emitters.keys().filter(|id| is_meant(id));
        ids.cloned().collect()
    }

    fn lease_one(&mut self, emitter: EmitterId, node: NodeId, now: Timestamp) -> Option<Lease> {
        if !self.is_active(&emitter) {
            return None;
        }
        let epoch = match self.leases.get(&emitter) {
            Some((owner, epoch)) if *owner == node => *epoch,
            Some((owner, _)) if self.is_alive(*owner, now) => return None,
            other => {
                if let Some(of_old) = other.and_then(|(owner, _)| self.nodes.get_mut(owner)) {
                    of_old.dead = true;
                }
                self.last_epoch += 1;
                self.last_epoch
            }
        };
        self.leases.insert(emitter.clone(), (node, epoch));
        Some(Lease {
            health: self.health.get(&emitter).copied().unwrap_or_default(),
            emitter,
            epoch,
        })
    }

    fn is_alive(&self, node: NodeId, now: Timestamp) -> bool {
        let node = self.nodes.get(&node);
        node.is_some_and(|node| !node.dead && now < node.until)
    }
}

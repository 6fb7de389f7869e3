//! Leasing emitters and giving them back.

use std::collections::BTreeSet;

use super::state::State;
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{Epoch, Lease, LeaseRequest, NodeId},
};

impl State {
    pub(super) fn lease(&mut self, request: LeaseRequest) -> Vec<Lease> {
        let LeaseRequest {
            node,
            emitters,
            recount,
            limit,
            now,
        } = request;
        if !self.nodes.is_alive(node, now) {
            return Vec::new();
        }
        let wanted = emitters.unwrap_or_else(|| {
            let mut found = self.without_owner(limit, now);
            found.extend(self.to_be_loaded(node, recount));
            found
        });
        let mut seen = BTreeSet::new();
        wanted
            .into_iter()
            .filter(|emitter| seen.insert(emitter.clone()))
            .filter_map(|emitter| self.lease_one(&emitter, node, now))
            .take(limit)
            .collect()
    }

    pub(super) fn give_back(&mut self, node: NodeId, leases: &[(EmitterId, Epoch)]) {
        let mut for_others = false;
        for (emitter, epoch) in leases {
            let queue = self.queues.get_mut(emitter);
            let Some(queue) = queue.filter(|queue| queue.is_owner(node, *epoch)) else {
                continue;
            };
            queue.lease = None;
            queue.rest();
            self.nodes.give_back(node, emitter);
            if queue.wants_owner() {
                self.ready.insert(emitter.clone());
                for_others = true;
            }
            if queue.emitter.is_none() {
                self.queues.remove(emitter);
            }
        }
        if for_others {
            self.announce();
        }
    }

    fn lease_one(&mut self, emitter: &EmitterId, node: NodeId, now: Timestamp) -> Option<Lease> {
        let queue = self.queues.get_mut(emitter)?;
        if !queue.is_active() {
            return None;
        }
        let health = queue.health;
        match queue.lease {
            Some((owner, epoch)) if owner == node => {
                return Some(Lease {
                    emitter: emitter.clone(),
                    epoch,
                    health,
                });
            }
            Some((owner, _)) if self.nodes.is_alive(owner, now) => return None,
            Some((owner, _)) => self.nodes.take_over(owner, emitter),
            None => {}
        }
        self.last_epoch += 1;
        let epoch = self.last_epoch;
        queue.lease = Some((node, epoch));
        self.nodes.own(node, emitter.clone());
        self.ready.remove(emitter);
        Some(Lease {
            emitter: emitter.clone(),
            epoch,
            health,
        })
    }

    /// What the node owns and others have appended to, or has anything to do for.
    fn to_be_loaded(&self, node: NodeId, recount: bool) -> Vec<EmitterId> {
        let is_meant = |id: &&EmitterId| {
            let queue = self.queues.get(*id);
            queue.is_some_and(|queue| queue.marked || (recount && queue.wants_owner()))
        };
        self.nodes
            .owned_by(node)
            .filter(is_meant)
            .cloned()
            .collect()
    }

    /// Active emitters that have something pending and no owner alive.
    fn without_owner(&mut self, limit: usize, now: Timestamp) -> Vec<EmitterId> {
        let mut found = Vec::new();
        let mut not_ready = Vec::new();
        for emitter in &self.ready {
            if found.len() >= limit {
                break;
            }
            let queue = self.queues.get(emitter);
            if queue.is_some_and(|queue| queue.lease.is_none() && queue.wants_owner()) {
                found.push(emitter.clone());
            } else {
                not_ready.push(emitter.clone());
            }
        }
        for emitter in not_ready {
            self.ready.remove(&emitter);
        }
        if found.len() >= limit {
            return found;
        }
        for emitter in self.nodes.orphans(now) {
            let Some(queue) = self.queues.get(&emitter) else {
                continue;
            };
            if queue.wants_owner() {
                found.push(emitter);
            } else if let (None, Some((owner, _))) = (&queue.emitter, queue.lease) {
                // Detached: nobody will ever lease it, nor give it back.
                self.nodes.take_over(owner, &emitter);
                self.queues.remove(&emitter);
            }
        }
        found
    }
}

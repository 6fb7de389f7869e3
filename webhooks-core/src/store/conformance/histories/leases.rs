//! Leasing and giving back.

use std::collections::BTreeSet;

use super::{
    both::Both,
    run::{Found, Held, Run, heard, pick, same},
    step::Pick,
};
use crate::{
    emitter::EmitterId,
    store::{Lease, LeaseRequest},
};

impl Run {
    /// Which ones come where there are more than asked for is the store's choice: the model gets
    /// the same.
    pub(super) async fn lease(
        &mut self,
        node: Pick,
        emitters: Option<Vec<Pick>>,
        limit: usize,
    ) -> Found {
        // Those alive are the likeliest.
        let mut nodes = self.nodes.clone();
        nodes.sort_by_key(|node| node.alive);
        let Some(at) = pick(&nodes, node) else {
            return Ok(());
        };
        let request = LeaseRequest {
            node: nodes[at].id,
            emitters: emitters.map(|all| all.into_iter().map(Self::emitter_id).collect()),
            // Both ways, as it comes.
            recount: limit % 2 == 1,
            limit,
            now: self.now(),
        };
        let found = heard("lease", self.world.store.lease(request.clone())).await?;
        let all = self.model.clone().lease(LeaseRequest {
            limit: usize::MAX,
            ..request.clone()
        });
        let ids = |leases: &[Lease]| -> BTreeSet<EmitterId> {
            leases.iter().map(|lease| lease.emitter.clone()).collect()
        };
        let (chosen, possible) = (ids(&found), ids(&all));
        let right = chosen.len() == found.len()
            && chosen.len() == limit.min(possible.len())
            && chosen.is_subset(&possible);
        if !right {
            return Err(format!(
                "`lease` differs\n  store: {found:?}\n  model: at most {limit} of {possible:?}"
            ));
        }
        self.cover("lease", &!found.is_empty());
        for store in found {
            let one = self.model.lease(LeaseRequest {
                emitters: Some(vec![store.emitter.clone()]),
                ..request.clone()
            });
            for model in &one {
                self.same_lease(&store, model)?;
                self.hold(&request, &store, model);
            }
        }
        Ok(())
    }

    pub(super) async fn give_back(&mut self, lease: Pick, by_another: bool) -> Found {
        let Some(at) = pick(&self.leases, lease) else {
            return Ok(());
        };
        let mut held = self.leases[at].clone();
        let other = self.nodes.iter().find(|node| node.id != held.node);
        if let (true, Some(other)) = (by_another, other) {
            held.node = other.id;
        }
        self.hand_back(&held).await
    }

    /// A store need not keep the lease of a detached emitter once its node is not alive.
    pub(super) async fn give_back_of_detached(&mut self) -> Found {
        let attached = self.model.emitters().emitters;
        let is_attached = |held: &Held| attached.iter().any(|one| one.id == held.emitter);
        let mut all = self.leases.clone();
        all.retain(|held| !is_attached(held));
        for held in &all {
            self.hand_back(held).await?;
        }
        Ok(())
    }

    /// The same for an emitter that was just detached.
    pub(super) async fn give_back_of_lapsed(&mut self, emitter: &EmitterId) -> Found {
        let nodes = self.nodes.clone();
        let lapsed = |held: &Held| nodes.iter().any(|node| node.id == held.node && !node.alive);
        let mut all = self.leases.clone();
        all.retain(|held| held.emitter == *emitter && lapsed(held));
        for held in &all {
            self.hand_back(held).await?;
        }
        Ok(())
    }

    async fn hand_back(&mut self, held: &Held) -> Found {
        let lease = |epoch| vec![(held.emitter.clone(), epoch)];
        let store = self
            .world
            .store
            .give_back(held.node, lease(held.epoch.store));
        heard("give_back", store).await?;
        self.model.give_back(held.node, &lease(held.epoch.model));
        Ok(())
    }

    fn same_lease(&mut self, store: &Lease, model: &Lease) -> Found {
        let epoch = Both {
            store: store.epoch,
            model: model.epoch,
        };
        let mapping = self.epochs.entry(store.emitter.clone()).or_default();
        if !mapping.agrees(epoch) {
            return Err(format!("an epoch does not grow as it should: {epoch:?}"));
        }
        same("health of a lease", &store.health, &model.health)
    }

    fn hold(&mut self, request: &LeaseRequest, store: &Lease, model: &Lease) {
        let held = Held {
            node: request.node,
            emitter: store.emitter.clone(),
            epoch: Both {
                store: store.epoch,
                model: model.epoch,
            },
        };
        self.leases
            .retain(|known| known.epoch != held.epoch || known.emitter != held.emitter);
        self.leases.push(held);
    }
}

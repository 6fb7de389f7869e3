//! Discarding, erasing and forgetting.

use std::time::Duration;

use super::{
    run::{Found, Run, heard, pick, same},
    step::Pick,
};
use crate::store::{DiscardOutcome, Prune, Pruned};

impl Run {
    pub(super) async fn discard(&mut self, delivery: Pick) -> Found {
        let Some(at) = pick(&self.deliveries, delivery) else {
            return Ok(());
        };
        let (key, now) = (self.deliveries[at].clone(), self.now());
        let store = self.world.store.discard(key.clone(), now);
        let store = heard("discard", store).await?;
        let model = self.model.discard(&key, now);
        self.cover("discard", &model);
        match (&store, &model) {
            (DiscardOutcome::Discarded(store), DiscardOutcome::Discarded(model))
            | (DiscardOutcome::NotPending(store), DiscardOutcome::NotPending(model)) => {
                self.same_record(store, model)
            }
            (store, model) => same("discard", store, model),
        }
    }

    pub(super) async fn erase(&mut self, delivery: Pick) -> Found {
        let Some(at) = pick(&self.deliveries, delivery) else {
            return Ok(());
        };
        let (id, now) = (self.deliveries[at].message_id, self.now());
        let store = self.world.store.erase_payload(id, now);
        let store = heard("erase_payload", store).await?;
        let model = self.model.erase_payload(id, now);
        self.cover("erase_payload", &model);
        same("erase_payload", &store, &model)
    }

    /// Until nothing more is found: what goes first is the store's choice.
    pub(super) async fn prune(
        &mut self,
        settled: Duration,
        payloads: Option<Duration>,
        keys: Duration,
        limit: usize,
    ) -> Found {
        let now = self.now();
        let prune = Prune {
            settled_before: now.saturating_sub(settled),
            payloads_before: payloads.map(|payloads| now.saturating_sub(payloads)),
            idempotency_before: now.saturating_sub(keys),
            limit,
            now,
        };
        let mut store = Pruned::default();
        let mut at_once = true;
        loop {
            let pruned = heard("prune", self.world.store.prune(prune)).await?;
            let most = pruned.deliveries.max(pruned.payloads);
            if most > limit || pruned.more != (most == limit) {
                return Err(format!("`prune` of at most {limit} says {pruned:?}"));
            }
            store.deliveries += pruned.deliveries;
            store.payloads += pruned.payloads;
            if !pruned.more {
                break;
            }
            at_once = false;
        }
        let model = self.model.prune(Prune {
            limit: usize::MAX,
            ..prune
        });
        self.cover("prune deliveries", &(model.deliveries > 0));
        self.cover("prune payloads", &(model.payloads > 0));
        // A payload may be erased before its message goes in a later part.
        if !at_once && store.payloads > model.payloads {
            store.payloads = model.payloads;
        }
        same("prune", &store, &model)
    }
}

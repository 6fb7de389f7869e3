//! Reading.

use super::{
    append::event,
    emitters::tenant,
    run::{Found, Run, heard, pick, same},
    step::List,
};
use crate::{
    delivery::DeliveryKey,
    emitter::EmitterId,
    store::{Cursor, DeliveryFilter, DeliveryRecord, Page},
};

impl Run {
    /// Everything that can be read is the same.
    pub(super) async fn audit(&mut self) -> Found {
        self.overview().await?;
        self.compare_list(DeliveryFilter::default()).await?;
        for key in self.deliveries.clone() {
            self.look(key).await?;
        }
        Ok(())
    }

    pub(super) async fn look(&mut self, key: DeliveryKey) -> Found {
        let store = heard("delivery", self.world.store.delivery(key.clone())).await?;
        match (&store, &self.model.delivery(&key)) {
            (Some(store), Some(model)) => {
                self.same_record(&store.record, &model.record)?;
                same("message of a delivery", &store.message, &model.message)?;
                same("attempts", &store.attempts, &model.attempts)?;
            }
            (store, model) => same(
                "whether there is a delivery",
                &store.is_some(),
                &model.is_some(),
            )?,
        }
        let store = heard("message", self.world.store.message(key.message_id)).await?;
        match (&store, &self.model.message(key.message_id)) {
            (Some(store), Some(model)) => {
                same("message", &store.message, &model.message)?;
                self.same_records(&store.deliveries, &model.deliveries)
            }
            (store, model) => same(
                "whether there is a message",
                &store.is_some(),
                &model.is_some(),
            ),
        }
    }

    /// Emitters, how they stand, and the counts.
    pub(super) async fn overview(&mut self) -> Found {
        let store = heard("emitters", self.world.store.emitters()).await?;
        let model = self.model.emitters();
        let mut emitters = store.emitters;
        emitters.sort_by(|a, b| a.id.cmp(&b.id));
        same("number of emitters", &emitters.len(), &model.emitters.len())?;
        for (store, model) in emitters.iter().zip(&model.emitters) {
            self.same_emitter(store, model)?;
        }
        let version = heard("version", self.world.store.version()).await?;
        same("version of the table", &store.version, &version)?;
        let ids: Vec<EmitterId> = Self::emitter_ids().chain([Self::emitter_id(9)]).collect();
        let model: Vec<_> = ids.iter().map(|id| self.model.standing(id)).collect();
        let store = heard("standing", self.world.store.standing(ids)).await?;
        same("standing", &store, &model)?;
        self.compare_stats().await
    }

    async fn compare_stats(&self) -> Found {
        let mut store = heard("stats", self.world.store.stats(self.now())).await?;
        let mut model = self.model.stats(self.now());
        // Whether an emitter that was attached again counts on is the store's choice.
        store.emitters.retain(|id, _| !self.detached.contains(id));
        model.emitters.retain(|id, _| !self.detached.contains(id));
        same("stats", &store, &model)
    }

    pub(super) async fn list(&mut self, list: &List) -> Found {
        let now = self.now();
        let like = list.like.and_then(|back| pick(&self.deliveries, back));
        let like = like.and_then(|at| self.model.delivery(&self.deliveries[at]));
        let behind = list.behind.and_then(|back| pick(&self.deliveries, back));
        let filter = DeliveryFilter {
            emitter: list.emitter.map(Self::emitter_id),
            state: list.state,
            event: list.event.map(event),
            delivery_id: like.map(|detail| detail.record.delivery_id),
            tenant: list.of_tenant.then(tenant),
            since: list.since.map(|ago| now.saturating_sub(ago)),
            until: list.until.map(|ago| now.saturating_sub(ago)),
            limit: list.limit,
            cursor: behind.map(|at| Cursor {
                message_id: self.deliveries[at].message_id,
                emitter: self.deliveries[at].emitter.clone(),
            }),
        };
        self.compare_list(filter).await
    }

    async fn compare_list(&mut self, filter: DeliveryFilter) -> Found {
        let limit = match filter.limit {
            0 => 50,
            limit => limit,
        };
        let mut next = filter.clone();
        let mut model = Vec::new();
        while let Some(cursor) = take(&mut model, self.model.deliveries(&next)) {
            next.cursor = Some(cursor);
        }
        let mut next = filter;
        let mut store = Vec::new();
        loop {
            let page = heard("deliveries", self.world.store.deliveries(next.clone())).await?;
            if page.items.len() > limit || (page.next.is_some() && page.next == next.cursor) {
                return Err(format!("no page of at most {limit}: {page:?}"));
            }
            match take(&mut store, page) {
                Some(cursor) => next.cursor = Some(cursor),
                None => return self.same_records(&store, &model),
            }
        }
    }
}

fn take(all: &mut Vec<DeliveryRecord>, page: Page<DeliveryRecord>) -> Option<Cursor> {
    all.extend(page.items);
    page.next
}

//! Sending again.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    run::{Found, Run, heard, pick, same},
    step::Pick,
};
use crate::{
    delivery::{DeliveryKey, DeliveryState},
    event::MessageId,
    store::{Redeliver, RedeliverOutcome, Replay},
};

const A_MINUTE: Duration = Duration::from_secs(60);

impl Run {
    pub(super) async fn redeliver(&mut self, delivery: Pick, fresh: bool) -> Found {
        let Some(at) = pick(&self.deliveries, delivery) else {
            return Ok(());
        };
        let key = self.deliveries[at].clone();
        let fresh = fresh.then(|| MessageId::generate(&self.world.env));
        if let Some(fresh) = fresh {
            self.fresh.push((key.clone(), fresh, self.now()));
        }
        self.ask_again(key, fresh).await
    }

    /// As after an answer that was lost.
    pub(super) async fn redeliver_again(&mut self, fresh: Pick) -> Found {
        let Some(at) = pick(&self.fresh, fresh) else {
            return Ok(());
        };
        let (key, fresh, made_at) = self.fresh[at].clone();
        // Its ID is that of its time.
        if self.now().saturating_since(made_at) > A_MINUTE {
            return Ok(());
        }
        self.ask_again(key, Some(fresh)).await
    }

    async fn ask_again(&mut self, key: DeliveryKey, fresh: Option<MessageId>) -> Found {
        let redeliver = Redeliver {
            key,
            fresh,
            due: self.now().saturating_add(Duration::from_secs(1)),
            now: self.now(),
        };
        let store = self.world.store.redeliver(redeliver.clone());
        let store = heard("redeliver", store).await?;
        let model = self.model.redeliver(redeliver);
        self.cover("redeliver", &model);
        match (&store, &model) {
            (RedeliverOutcome::Queued(store), RedeliverOutcome::Queued(model))
            | (RedeliverOutcome::Pending(store), RedeliverOutcome::Pending(model)) => {
                self.know(store.key.clone());
                self.same_record(store, model)
            }
            (store, model) => same("redeliver", store, model),
        }
    }

    pub(super) async fn replay(
        &mut self,
        emitter: Pick,
        (since, until): (Duration, Option<Duration>),
        states: Vec<DeliveryState>,
        fresh: bool,
    ) -> Found {
        let now = self.now();
        let replay = Replay {
            emitter: Self::emitter_id(emitter),
            since: now.saturating_sub(since),
            until: until.map(|until| now.saturating_sub(until)),
            states,
            due: now,
            now,
        };
        if !fresh {
            let store = self.world.store.replay(replay.clone(), None);
            let store = heard("replay", store).await?;
            let model = self.model.replay(&replay, None);
            self.cover("replay", &(model > 0));
            return same("replay", &store, &model);
        }
        let made: Arc<Mutex<Vec<MessageId>>> = Arc::default();
        let (env, making) = (self.world.env.clone(), made.clone());
        let make = move || {
            let id = MessageId::generate(&env);
            let mut made = making.lock().unwrap_or_else(PoisonError::into_inner);
            made.push(id);
            id
        };
        let store = self
            .world
            .store
            .replay(replay.clone(), Some(Arc::new(make)));
        let store = heard("replay", store).await?;
        // The model gets the IDs that the store got, in their order.
        let made = made.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (env, left) = (self.world.env.clone(), Mutex::new(made.clone().into_iter()));
        let make = move || {
            let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
            left.next().unwrap_or_else(|| MessageId::generate(&env))
        };
        let model = self.model.replay(&replay, Some(&make));
        for message_id in made {
            self.know(DeliveryKey {
                message_id,
                emitter: replay.emitter.clone(),
            });
        }
        self.cover("replay fresh", &(model > 0));
        same("replay", &store, &model)
    }
}

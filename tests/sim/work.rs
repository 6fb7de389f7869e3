//! What callers do.

use std::time::Duration;

use tokio::time::timeout;
use webhooks_core::{
    Backlog, Error, Webhooks, delivery::DeliveryState, env::Timestamp, event::EventName,
    store::DeliveryFilter,
};
use webhooks_tests::history::inside::{Kind, Process};

use crate::{emit::Emitted, plan::Spec, store::SimStore, transaction::Transacted, world::World};

/// So many events come in a burst.
const BURST: usize = 30;

/// A caller at a node.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) world: World,
    pub(crate) process: Process,
    pub(crate) webhooks: Webhooks,
    /// The node's own way to the store, without the faults.
    pub(crate) store: SimStore,
}

/// Something that a caller does.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    Emit(Box<Emitted>),
    /// So many of one lane, one after the other: more than its window holds.
    Burst(Box<Emitted>),
    /// Several in a transaction of the caller's.
    Transact(Box<Transacted>),
    Attach(usize),
    Upsert(usize, usize),
    Pause(usize, Backlog),
    Restart(usize),
    Detach(usize),
    Redeliver(usize, bool),
    Discard(usize),
    Replay(usize),
    Erase(usize),
    /// Looks at what there is.
    Look(usize),
}

impl Act {
    /// Draws the `n`-th of them.
    pub(crate) fn draw(world: &World, n: usize) -> Self {
        let emitters = world.plan().emitters.len();
        world.draw(|chance| {
            let emitter = chance.below(emitters);
            match chance.below(100) {
                0..=1 => Self::Pause(emitter, Backlog::Keep),
                2..=3 => Self::Pause(emitter, Backlog::Discard),
                4..=9 => Self::Restart(emitter),
                10..=11 => Self::Detach(emitter),
                12..=17 => Self::Attach(emitter),
                18..=20 => Self::Upsert(emitter, n),
                21..=22 => Self::Redeliver(emitter, chance.one_in(3)),
                23..=24 => Self::Discard(emitter),
                25 => Self::Replay(emitter),
                35 => Self::Erase(emitter),
                26 => Self::Burst(Box::new(Emitted::draw(n, emitters, chance))),
                27..=28 => Self::Look(emitter),
                29..=34 => Self::Transact(Box::new(Transacted::draw(n, emitters, chance))),
                _ => Self::Emit(Box::new(Emitted::draw(n, emitters, chance))),
            }
        })
    }
}

impl Caller {
    pub(crate) async fn act(self, act: Act) {
        let plan = self.world.plan();
        match act {
            Act::Emit(emitted) => self.emit(*emitted).await,
            Act::Transact(transacted) => self.transact(*transacted).await,
            Act::Look(emitter) => self.look(&plan.emitters[emitter]).await,
            Act::Burst(emitted) => {
                for nth in 0..BURST {
                    self.emit(emitted.in_burst(nth)).await;
                }
            }
            Act::Attach(emitter) => {
                let spec = &plan.emitters[emitter];
                let attached =
                    self.webhooks
                        .attach(spec.id.as_str(), [spec.pattern], spec.config(0));
                self.change(spec, &[Kind::Attached, Kind::Restarted], attached)
                    .await;
            }
            Act::Upsert(emitter, version) => {
                let spec = &plan.emitters[emitter];
                let config = spec.config(version);
                let upserted = self
                    .webhooks
                    .upsert(spec.id.as_str(), [spec.pattern], config);
                self.change(spec, &[Kind::Attached, Kind::Configured], upserted)
                    .await;
            }
            Act::Pause(emitter, backlog) => {
                let spec = &plan.emitters[emitter];
                let kind = match backlog {
                    Backlog::Keep => Kind::Paused,
                    Backlog::Discard => Kind::Discarded,
                };
                self.change(
                    spec,
                    &[kind],
                    self.webhooks.pause(spec.id.as_str(), backlog),
                )
                .await;
            }
            Act::Restart(emitter) => {
                let spec = &plan.emitters[emitter];
                self.change(
                    spec,
                    &[Kind::Restarted],
                    self.webhooks.restart(spec.id.as_str()),
                )
                .await;
            }
            Act::Detach(emitter) => {
                let spec = &plan.emitters[emitter];
                self.change(
                    spec,
                    &[Kind::Detached],
                    self.webhooks.detach(spec.id.as_str()),
                )
                .await;
            }
            Act::Redeliver(emitter, is_fresh) => {
                self.redeliver(&plan.emitters[emitter], is_fresh).await
            }
            Act::Erase(emitter) => {
                if let Some(key) = self.some(&plan.emitters[emitter], None).await {
                    drop(self.webhooks.erase_payload(key.message_id).await);
                }
            }
            Act::Discard(emitter) => self.discard(&plan.emitters[emitter]).await,
            Act::Replay(emitter) => {
                let spec = &plan.emitters[emitter];
                let all = Timestamp::from_micros(0);
                let states = vec![DeliveryState::Dead];
                let id = spec.id.as_str().try_into().unwrap();
                drop(self.webhooks.replay(id, all, None, states, false).await);
            }
        }
    }

    /// Makes a change; where it is acknowledged, its commit is known to have been.
    async fn change<T>(
        &self,
        spec: &Spec,
        kinds: &[Kind],
        call: impl Future<Output = Result<T, Error>>,
    ) {
        let called = self.world.now();
        if call.await.is_err() {
            self.world.cover("change failed");
            return;
        }
        let returned = self.world.now();
        let process = self.process;
        self.world.record((&spec.id, kinds, process), |history| {
            let changes = history.inside.changes.iter_mut().rev();
            let mut mine = changes.filter(|change| {
                change.process == process
                    && change.emitter == spec.id
                    && kinds.contains(&change.kind)
                    && change.at >= called
            });
            if let Some(change) = mine.next() {
                change.returned = Some(returned);
            }
        });
    }

    /// Some delivery of an emitter, in this state.
    async fn some(
        &self,
        spec: &Spec,
        state: Option<DeliveryState>,
    ) -> Option<webhooks_core::delivery::DeliveryKey> {
        let filter = DeliveryFilter {
            emitter: Some(spec.id.as_str().try_into().unwrap()),
            state,
            ..DeliveryFilter::default()
        };
        let found = self.webhooks.deliveries(filter).await.ok()?.items;
        if found.is_empty() {
            return None;
        }
        let at = self.world.draw(|chance| chance.below(found.len()));
        Some(found[at].key.clone())
    }

    async fn redeliver(&self, spec: &Spec, is_fresh: bool) {
        if let Some(key) = self.some(spec, None).await {
            drop(self.webhooks.redeliver(key, is_fresh).await);
        }
    }

    /// Looks at all that can be looked at; whatever the answer is, it changes nothing.
    async fn look(&self, spec: &Spec) {
        let (webhooks, id) = (&self.webhooks, spec.id.as_str());
        let mut subscription = webhooks.subscribe();
        let name = EventName::new("a").unwrap();
        drop((webhooks.listeners(&name, None), webhooks.all_emitters()));
        let is_listed = webhooks.emitters().iter().any(|other| other.as_str() == id);
        assert_eq!(webhooks.is_started(id), is_listed);
        assert!(!is_listed || webhooks.emitter(id).is_some());
        drop(webhooks.health().await);
        drop(webhooks.standing(vec![id.try_into().unwrap()]).await);
        drop(webhooks.stats().await);
        if let Some(key) = self.some(spec, None).await {
            drop(webhooks.message(key.message_id).await);
            drop(webhooks.delivery(key).await);
        }
        let listen = async { while subscription.next().await.is_some() {} };
        drop(timeout(Duration::from_secs(2), listen).await);
        self.world.cover("look");
    }

    async fn discard(&self, spec: &Spec) {
        if let Some(key) = self.some(spec, Some(DeliveryState::Pending)).await {
            drop(self.webhooks.discard(key).await);
        }
    }
}

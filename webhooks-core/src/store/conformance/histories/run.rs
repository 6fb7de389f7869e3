//! A history as it runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{
    append::Batch,
    both::{Both, Mapping},
    draw::EMITTERS,
    settle::{Job, Told},
    step::{Pick, Step},
};
use crate::{
    Error,
    delivery::DeliveryKey,
    emitter::EmitterId,
    env::{Env, Timestamp},
    event::MessageId,
    store::{
        Epoch, NodeId, Renewal, StoreFuture,
        conformance::{StoreFactory, World, chance::Chance, world::emitter_id},
        model::Model,
    },
};

/// What a step found: nothing, or where store and model differ.
pub(super) type Found<T = ()> = Result<T, String>;

/// A store and a model that have been asked the same.
pub(super) struct Run {
    pub(super) world: World,
    pub(super) model: Model,
    pub(super) nodes: Vec<Node>,
    /// All that there ever were.
    pub(super) leases: Vec<Held>,
    pub(super) generations: BTreeMap<EmitterId, Vec<Both<u64>>>,
    pub(super) detached: BTreeSet<EmitterId>,
    pub(super) batches: Vec<Batch>,
    pub(super) deliveries: Vec<DeliveryKey>,
    pub(super) jobs: Vec<Job>,
    pub(super) told: Vec<Told>,
    pub(super) fresh: Vec<(DeliveryKey, MessageId, Timestamp)>,
    pub(super) seqs: BTreeMap<EmitterId, Mapping>,
    pub(super) epochs: BTreeMap<EmitterId, Mapping>,
    pub(super) generations_of: BTreeMap<EmitterId, Mapping>,
    /// What was answered, for a look at what histories cover.
    pub(super) seen: BTreeMap<String, usize>,
    version: Both<u64>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) alive: bool,
}

/// A lease that a node had, and may have still.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) node: NodeId,
    pub(super) emitter: EmitterId,
    pub(super) epoch: Both<Epoch>,
}

impl Run {
    pub(super) async fn new(factory: Arc<dyn StoreFactory>, seed: u64) -> Self {
        let mut world = World::shared(factory).await;
        let clock = world.env.clone();
        let chance = Mutex::new(Chance::new(!seed));
        let fill = move |bytes: &mut [u8]| {
            let mut chance = chance.lock().unwrap_or_else(PoisonError::into_inner);
            bytes.fill_with(|| chance.next() as u8);
        };
        world.env = Env::new(move || clock.now(), fill);
        Self {
            world,
            model: Model::new(),
            nodes: Vec::new(),
            leases: Vec::new(),
            generations: BTreeMap::new(),
            detached: BTreeSet::new(),
            batches: Vec::new(),
            deliveries: Vec::new(),
            jobs: Vec::new(),
            told: Vec::new(),
            fresh: Vec::new(),
            seqs: BTreeMap::new(),
            epochs: BTreeMap::new(),
            generations_of: BTreeMap::new(),
            seen: BTreeMap::new(),
            version: Both { store: 0, model: 0 },
        }
    }

    pub(super) async fn step(&mut self, step: &Step) -> Found {
        match step.clone() {
            Step::Put {
                emitter,
                config,
                secret,
                of_tenant,
                upsert,
            } => {
                let given = self.given(emitter, config, secret, of_tenant);
                self.put(given, upsert).await?;
            }
            Step::SetState { emitter, change } => self.set_state(emitter, change).await?,
            Step::Remove { emitter } => self.remove(emitter).await?,
            Step::Join => self.join().await?,
            Step::Renew { node } => {
                if let Some(at) = pick(&self.nodes, node) {
                    self.renew(at).await?;
                }
            }
            Step::Lease {
                node,
                emitters,
                limit,
            } => self.lease(node, emitters, limit).await?,
            Step::GiveBack { lease, by_another } => self.give_back(lease, by_another).await?,
            Step::Append { by, messages } => self.append(by, &messages).await?,
            Step::AppendAgain { batch } => self.append_again(batch).await?,
            Step::Load {
                lease,
                behind,
                lanes,
                only,
                limit,
                max_bytes,
            } => {
                let bounds = (limit, max_bytes);
                self.load(lease, behind, lanes, only, bounds).await?;
            }
            Step::Settle { jobs, failures } => self.settle(&jobs, failures).await?,
            Step::SettleAgain { batch } => self.settle_again(batch).await?,
            Step::Redeliver { delivery, fresh } => self.redeliver(delivery, fresh).await?,
            Step::RedeliverAgain { fresh } => self.redeliver_again(fresh).await?,
            Step::Replay {
                emitter,
                since,
                until,
                states,
                fresh,
            } => {
                let times = (since, until);
                self.replay(emitter, times, states, fresh).await?;
            }
            Step::Discard { delivery } => self.discard(delivery).await?,
            Step::Erase { delivery } => self.erase(delivery).await?,
            Step::Prune {
                settled,
                payloads,
                keys,
                limit,
            } => self.prune(settled, payloads, keys, limit).await?,
            Step::List(list) => self.list(&list).await?,
            Step::Look { delivery } => {
                if let Some(at) = pick(&self.deliveries, delivery) {
                    self.look(self.deliveries[at].clone()).await?;
                }
            }
            Step::Overview => self.overview().await?,
            Step::Pass(time) => self.pass(time).await?,
            Step::Lapse { time, survivor } => self.lapse(time, survivor).await?,
        }
        self.compare_version().await
    }

    pub(super) fn now(&self) -> Timestamp {
        self.world.now()
    }

    pub(super) fn emitter_ids() -> impl Iterator<Item = EmitterId> {
        (0..EMITTERS).map(Self::emitter_id)
    }

    pub(super) fn emitter_id(at: Pick) -> EmitterId {
        emitter_id(&format!("e{at}"))
    }

    /// Counts the first word of an answer.
    pub(super) fn cover(&mut self, what: &str, answer: &impl std::fmt::Debug) {
        let shown = format!("{answer:?}");
        let word = shown.split(|c: char| !c.is_alphanumeric()).next();
        let name = format!("{what} {}", word.unwrap_or_default());
        *self.seen.entry(name).or_default() += 1;
    }

    /// The version of the table changes when the model's does, and only grows.
    async fn compare_version(&mut self) -> Found {
        let store = heard("version", self.world.store.version()).await?;
        let (before, model) = (self.version, self.model.version());
        self.version = Both { store, model };
        let agrees = if model == before.model {
            store == before.store || before.model == 0
        } else {
            store > before.store
        };
        if agrees {
            return Ok(());
        }
        Err(format!(
            "the version of the table was {} and is {store}; the model's was {} and is {model}",
            before.store, before.model
        ))
    }

    /// Time passes, and nodes alive renew.
    async fn pass(&mut self, time: Duration) -> Found {
        self.world.pass(time);
        for at in 0..self.nodes.len() {
            if self.nodes[at].alive {
                self.renew(at).await?;
            }
        }
        Ok(())
    }

    async fn lapse(&mut self, time: Duration, survivor: Option<Pick>) -> Found {
        self.give_back_of_detached().await?;
        self.world.lapse().await;
        self.world.pass(time);
        for node in &mut self.nodes {
            node.alive = false;
        }
        match survivor.and_then(|back| pick(&self.nodes, back)) {
            Some(at) => self.renew(at).await,
            None => Ok(()),
        }
    }

    async fn join(&mut self) -> Found {
        let id = NodeId::generate(&self.world.env);
        self.nodes.push(Node { id, alive: false });
        self.renew(self.nodes.len() - 1).await
    }

    /// Until when it lives is by the store's own clock.
    async fn renew(&mut self, at: usize) -> Found {
        let (node, now) = (self.nodes[at].id, self.now());
        let store = heard("renew", self.world.store.renew(node, now)).await?;
        let model = self.model.renew(node, now);
        self.cover("renew", &model);
        let alive = |renewal: Renewal| matches!(renewal, Renewal::Alive { .. });
        self.nodes[at].alive = alive(model);
        same("renew", &alive(store), &alive(model))
    }
}

/// Where in a list the one meant is, if there is any.
pub(super) fn pick<T>(all: &[T], back: Pick) -> Option<usize> {
    let last = all.len().checked_sub(1)?;
    Some(last - back % all.len())
}

/// What the store answers; an error is a difference.
pub(super) async fn heard<T>(what: &str, answer: StoreFuture<'_, T>) -> Found<T> {
    let failed = |error: Error| format!("`{what}` failed: {error:?}");
    answer.await.map_err(failed)
}

pub(super) fn same<T: PartialEq + std::fmt::Debug>(what: &str, store: &T, model: &T) -> Found {
    if store == model {
        return Ok(());
    }
    Err(format!(
        "`{what}` differs (payloads, secrets and responses are not shown)\n  store: {store:?}\n  model: {model:?}"
    ))
}

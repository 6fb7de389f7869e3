//! What callers do.

use std::time::Duration;

use tokio::time::timeout;
use webhooks_core::{
    Backlog, Error, ErrorKind, Event, Tenant, Webhooks,
    delivery::DeliveryState,
    env::Timestamp,
    event::{DeliveryId, EventName, IdempotencyKey, OrderingKey},
    store::{DeliveryFilter, Receipt, conformance::Chance},
};
use webhooks_tests::history::{
    Answer, Emit, Moment,
    inside::{self, Kind, Process},
};

use crate::{
    plan::{Plan, Spec},
    store::SimStore,
    transaction::Transacted,
    world::World,
};

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
    /// Looks at what there is.
    Look(usize),
}

/// What is emitted.
#[derive(Debug, Clone)]
pub(crate) struct Emitted {
    n: usize,
    name: &'static str,
    tenant: Option<&'static str>,
    key: Option<String>,
    is_once: bool,
    /// To this emitter, whatever it listens to.
    to: Option<usize>,
    /// The caller waits for so long.
    patience: Option<Duration>,
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
                    let n = (emitted.n + 1) * 1_000 + nth;
                    let one = Emitted {
                        n,
                        ..(*emitted).clone()
                    };
                    self.emit(one).await;
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

    async fn emit(&self, emitted: Emitted) {
        let (id, _) = self.called(&emitted);
        let tries = if emitted.is_once { 4 } else { 1 };
        for nth in 0..tries {
            let called = self.world.now();
            let Some(answered) = self.ask(&emitted, &id).await else {
                self.world.cover("emit given up");
                return;
            };
            let answer = match answered {
                Ok(receipt) => {
                    self.acknowledged(&emitted, called, &receipt);
                    Answer::Receipt(self.world.now(), Some(receipt.message_id.to_string()))
                }
                // What could not be told the first time may have been done, whatever is said now.
                Err(error) if error.kind() == ErrorKind::Store || nth > 0 => Answer::Unknown,
                Err(_) => Answer::Refused,
            };
            self.answered(&id, &answer);
            if answer != Answer::Unknown {
                return;
            }
            self.world.cover("emit without an answer");
            tokio::time::sleep(self.world.time_below(Duration::from_secs(2))).await;
        }
    }

    /// Takes down that an event is emitted: its delivery ID, and the moment.
    pub(crate) fn called(&self, emitted: &Emitted) -> (String, Moment) {
        let id = format!("d{}", emitted.n);
        let called = self.world.now();
        let emit = Emit {
            called,
            answer: Answer::Unknown,
            body: serde_json::json!({ "n": emitted.n }).to_string(),
            targets: Default::default(),
        };
        self.world.record(emitted, |history| {
            history.emits.insert(id.clone(), emit);
        });
        (id, called)
    }

    pub(crate) fn answered(&self, id: &str, answer: &Answer) {
        self.world.record(answer, |history| {
            let emit = history.emits.get_mut(id).unwrap();
            emit.answer = answer.clone();
        });
    }

    /// Emits it, and waits for the answer for as long as the caller does.
    async fn ask(&self, emitted: &Emitted, id: &str) -> Option<Result<Receipt, Error>> {
        let (event, plan) = (emitted.event(id), self.world.plan());
        let call = async {
            match emitted.to {
                Some(to) => {
                    let to = plan.emitters[to].id.as_str();
                    self.webhooks.emit_to(to, event).await
                }
                None => self.webhooks.emit_with(event).await,
            }
        };
        match emitted.patience {
            Some(patience) => timeout(patience, call).await.ok(),
            None => Some(call.await),
        }
    }

    fn acknowledged(&self, emitted: &Emitted, called: Moment, receipt: &Receipt) {
        let receipt = inside::Receipt {
            call: (called, self.world.now()),
            message: receipt.message_id.to_string(),
            deliveries: receipt.deliveries,
            listeners: emitted.listeners(self.world.plan()),
        };
        self.world.record(&receipt, |history| {
            history.inside.receipts.push(receipt.clone());
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

impl Emitted {
    pub(crate) fn draw(n: usize, emitters: usize, chance: &mut Chance) -> Self {
        let to = chance.below(8 * emitters);
        let patience = chance.one_in(20).then(|| chance.below(40_000) as u64);
        Self {
            n,
            name: chance.one_of(&["a", "b"]),
            tenant: chance.one_of(&[None, None, None, Some("t")]),
            key: chance.maybe(|chance| format!("k{}", chance.below(3))),
            is_once: chance.one_in(3),
            to: (to < emitters).then_some(to),
            patience: patience.map(Duration::from_micros),
        }
    }

    /// The same as the `nth` of a transaction, which decides itself what happens once.
    pub(crate) fn in_transaction(self, nth: usize) -> Self {
        Self {
            n: (self.n + 1) * 10_000_000 + nth,
            is_once: false,
            to: None,
            patience: None,
            ..self
        }
    }

    /// The emitters that it goes to, as long as they are there.
    pub(crate) fn listeners(&self, plan: &Plan) -> Vec<String> {
        let listens = |(at, spec): &(usize, &Spec)| match self.to {
            Some(to) => *at == to,
            None => {
                (spec.pattern == "*" || spec.pattern == self.name) && spec.tenant == self.tenant
            }
        };
        let listeners = plan.emitters.iter().enumerate().filter(listens);
        listeners.map(|(_, spec)| spec.id.clone()).collect()
    }

    pub(crate) fn event(&self, id: &str) -> Event {
        let once = self.is_once.then(|| IdempotencyKey::new(id).unwrap());
        let key = self
            .key
            .as_deref()
            .map(|key| OrderingKey::new(key).unwrap());
        let tenant = self.tenant.map(|tenant| Tenant::new(tenant).unwrap());
        Event::new(self.name, &serde_json::json!({ "n": self.n }))
            .unwrap()
            .delivery_id(DeliveryId::new(id).unwrap())
            .ordering_key(key)
            .tenant(tenant)
            .idempotency_key(once)
    }
}

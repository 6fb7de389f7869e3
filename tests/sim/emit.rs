//! Callers that emit.

use std::time::Duration;

use tokio::time::timeout;
use webhooks_core::{
    Error, ErrorKind, Event, Tenant,
    event::{DeliveryId, IdempotencyKey, OrderingKey},
    store::{Receipt, conformance::Chance},
};
use webhooks_tests::history::{Answer, Emit, Moment, inside};

use crate::{
    plan::{Plan, Spec},
    work::Caller,
};

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

    /// The same as the `nth` of a burst.
    pub(crate) fn in_burst(&self, nth: usize) -> Self {
        Self {
            n: (self.n + 1) * 1_000 + nth,
            ..self.clone()
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

impl Caller {
    pub(crate) async fn emit(&self, emitted: Emitted) {
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
}

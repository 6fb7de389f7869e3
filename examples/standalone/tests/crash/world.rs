//! The emitters, their receiver, and the history of what happens.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};
use webhooks_tests::{
    Received, Receiver, Reply,
    history::{Answer, Arrival, Emit, History, Moment},
};

use crate::{api::Api, chance::Chance};

/// An emitter of the test.
pub(crate) struct Emitter {
    pub(crate) id: &'static str,
    pub(crate) pattern: &'static str,
    pub(crate) lanes: u32,
    /// One in so many attempts fails; none where it is 0.
    pub(crate) failing: u64,
    /// How long its receiver takes.
    pub(crate) slow: Duration,
}

const fn emitter(id: &'static str, pattern: &'static str) -> Emitter {
    Emitter {
        id,
        pattern,
        lanes: 1,
        failing: 0,
        slow: Duration::ZERO,
    }
}

pub(crate) const EMITTERS: &[Emitter] = &[
    emitter("crm", "order.*"),
    emitter("mail", "user.*"),
    Emitter {
        lanes: 4,
        ..emitter("shop", "order.*")
    },
    Emitter {
        failing: 20,
        ..emitter("flaky", "*")
    },
    Emitter {
        slow: Duration::from_millis(4),
        ..emitter("slow", "*")
    },
];

impl Emitter {
    fn takes(&self, event: &str) -> bool {
        self.pattern == "*" || event.starts_with(self.pattern.trim_end_matches('*'))
    }

    /// The lane of what it is sent, if order is promised there.
    fn lane(&self, key: Option<&str>) -> Option<String> {
        match key {
            _ if self.lanes == 1 => Some(self.id.to_owned()),
            Some(key) => Some(format!("{}/{key}", self.id)),
            None => None,
        }
    }

    fn as_json(&self, receiver: &Receiver) -> Value {
        let retry = json!({ "initial_ms": 10, "max_ms": 40, "max_attempts": 15 });
        json!({
            "id": self.id, "url": receiver.url(&format!("/{}", self.id)),
            "events": [self.pattern], "lanes": self.lanes, "retry": retry,
        })
    }
}

/// What all tasks of a test share. Clones are one.
#[derive(Clone)]
pub(crate) struct World {
    started: Instant,
    history: Arc<Mutex<History>>,
    /// The program that runs now; `None` between two starts.
    pub(crate) api: watch::Sender<Option<Api>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            history: Arc::default(),
            api: watch::Sender::new(None),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.started.elapsed()
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap()
    }

    /// Takes down that an event is about to be emitted.
    pub(crate) fn calling(&self, id: &str, event: &str, key: Option<&str>, body: &str) {
        let targets = EMITTERS.iter().filter(|emitter| emitter.takes(event));
        let emit = Emit {
            called: self.now(),
            answer: Answer::Unknown,
            body: body.to_owned(),
            targets: targets
                .map(|emitter| (emitter.id.to_owned(), emitter.lane(key)))
                .collect(),
        };
        self.history().emits.insert(id.to_owned(), emit);
    }

    /// Takes down what its caller heard.
    pub(crate) fn heard(&self, id: &str, answer: Answer) {
        self.history().emits.get_mut(id).unwrap().answer = answer;
    }

    /// A receiver whose requests become part of the history.
    pub(crate) async fn receiver(&self, chance: &mut Chance) -> Receiver {
        let (world, chance) = (self.clone(), Mutex::new(chance.fork()));
        Receiver::scripted(move |received, _| {
            let id = received.path.trim_start_matches('/');
            let emitter = EMITTERS.iter().find(|emitter| emitter.id == id).unwrap();
            let fails = emitter.failing > 0 && chance.lock().unwrap().one_in(emitter.failing);
            world.arrived(emitter.id, received, !fails);
            Reply::status(if fails { 500 } else { 200 }).after(emitter.slow)
        })
        .await
    }

    fn arrived(&self, emitter: &str, received: &Received, success: bool) {
        let mut history = self.history();
        history.arrivals.push(Arrival {
            at: self.now(),
            emitter: emitter.to_owned(),
            id: received.header("x-webhooks-delivery").to_owned(),
            message_id: received.header("webhook-id").to_owned(),
            attempt: received.header("x-webhooks-attempt").parse().unwrap(),
            body: received.body.clone(),
            success,
        });
    }

    /// Attaches all emitters.
    pub(crate) async fn attach(&self, api: &Api, receiver: &Receiver) {
        for emitter in EMITTERS {
            api.attach(&emitter.as_json(receiver)).await;
        }
    }
}

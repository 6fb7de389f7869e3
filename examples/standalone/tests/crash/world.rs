//! The emitters, their receiver, and the history of what happens.

use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};
use webhooks_tests::{
    Received, Receiver, Reply,
    history::{Answer, Arrival, Emit, History, Moment},
};

use crate::api::{Api, Event, Problem};

/// An emitter of the test.
pub(crate) struct Emitter {
    pub(crate) id: &'static str,
    pattern: &'static str,
    lanes: u32,
}

const fn emitter(id: &'static str, pattern: &'static str, lanes: u32) -> Emitter {
    Emitter { id, pattern, lanes }
}

const EMITTERS: &[Emitter] = &[
    emitter("crm", "order.*", 1),
    emitter("mail", "user.*", 1),
    emitter("shop", "order.*", 4),
    emitter("flaky", "*", 1),
    emitter("slow", "*", 1),
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
    pub(crate) fn calling(&self, event: &Event<'_>) {
        let targets = EMITTERS.iter().filter(|emitter| emitter.takes(event.name));
        let emit = Emit {
            called: self.now(),
            answer: Answer::Unknown,
            body: event.body.to_owned(),
            targets: targets
                .map(|emitter| (emitter.id.to_owned(), emitter.lane(event.key)))
                .collect(),
        };
        self.history().emits.insert(event.id.to_owned(), emit);
    }

    /// Takes down what its caller heard.
    pub(crate) fn heard(&self, id: &str, answer: Answer) {
        self.history().emits.get_mut(id).unwrap().answer = answer;
    }

    /// Emits an event; returns the message ID.
    pub(crate) async fn emit(
        &self,
        api: &Api,
        event: &Event<'_>,
    ) -> reqwest::Result<Result<String, Problem>> {
        self.calling(event);
        let answer = api.emit(event).await?;
        if let Ok(message_id) = &answer {
            let receipt = Answer::Receipt(self.now(), Some(message_id.clone()));
            self.heard(event.id, receipt);
        }
        Ok(answer)
    }

    /// A receiver whose requests become part of the history; `script` says how it answers.
    pub(crate) async fn receiver(
        &self,
        script: impl Fn(&Emitter) -> Reply + Send + Sync + 'static,
    ) -> Receiver {
        let world = self.clone();
        Receiver::scripted(move |received, _| {
            let id = received.path.trim_start_matches('/');
            let emitter = EMITTERS.iter().find(|emitter| emitter.id == id).unwrap();
            let reply = script(emitter);
            world.arrived(emitter.id, received, reply.is_success());
            reply
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

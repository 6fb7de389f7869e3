//! What was emitted and what arrived, as the rules of a history want it: one emitter, `crm`, one lane.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use webhooks_core::{Error, Event, Webhooks, event::DeliveryId};
use webhooks_tests::{
    Received, Receiver, Reply,
    history::{Answer, Arrival, Emit, History, Moment, Summary, check},
};

/// By then an outcome is in the store.
const SETTLING: Duration = Duration::from_secs(2);
/// A node that crashed is found out after 15 s at most; some more for a slow machine.
const TAKEN_OVER: Duration = Duration::from_secs(40);
const EMITTER: &str = "crm";

/// What the tasks of a test share. Clones are one.
#[derive(Clone)]
pub(crate) struct World {
    started: Instant,
    history: Arc<Mutex<History>>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            started: Instant::now(),
            history: Arc::default(),
        }
    }

    pub(crate) fn now(&self) -> Moment {
        self.started.elapsed()
    }

    pub(crate) fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap()
    }

    /// The event of this number, which is said to be emitted now.
    pub(crate) fn calling(&self, n: usize) -> Event {
        let id = format!("event-{n}");
        let body = serde_json::json!({ "n": n });
        let emit = Emit {
            called: self.now(),
            answer: Answer::Unknown,
            body: body.to_string(),
            targets: [(EMITTER.to_owned(), Some(EMITTER.to_owned()))].into(),
        };
        self.history().emits.insert(id.clone(), emit);
        let event = Event::new("a", &body).unwrap();
        event.delivery_id(DeliveryId::new(id).unwrap())
    }

    /// Emits the event of this number; one that fails may arrive or not.
    pub(crate) async fn emit(&self, node: &Webhooks, n: usize) -> Result<(), Error> {
        let event = self.calling(n);
        let receipt = node.emit_with(event).await?;
        assert_eq!(receipt.deliveries, 1);
        let answer = Answer::Receipt(self.now(), Some(receipt.message_id.to_string()));
        let mut history = self.history();
        let emit = history.emits.get_mut(receipt.delivery_id.as_str());
        emit.unwrap().answer = answer;
        Ok(())
    }

    /// A receiver whose requests become part of the history; `script` says how it answers, by how often
    /// the same has come before.
    pub(crate) async fn receiver(
        &self,
        script: impl Fn(&Received, usize) -> Reply + Send + Sync + 'static,
    ) -> Receiver {
        let world = self.clone();
        Receiver::scripted(move |received, _| {
            let id = received.header("x-webhooks-delivery").to_owned();
            let mut history = world.history();
            let before = history.arrivals.iter().filter(|one| one.id == id).count();
            let reply = script(received, before);
            history.arrivals.push(Arrival {
                at: world.now(),
                emitter: EMITTER.to_owned(),
                id,
                message_id: received.header("webhook-id").to_owned(),
                attempt: received.header("x-webhooks-attempt").parse().unwrap(),
                body: received.body.clone(),
                success: reply.is_success(),
            });
            reply
        })
        .await
    }

    /// Takes down that an outcome may be lost now.
    pub(crate) fn fault(&self) {
        let now = self.now();
        self.history().faults.push(now);
    }

    /// Waits until so many events have had their success, also if a node that crashed has to be found out
    /// first.
    pub(crate) async fn delivered(&self, count: usize) {
        let deadline = Instant::now() + TAKEN_OVER;
        while self.successes() < count {
            let missing = count - self.successes();
            assert!(Instant::now() < deadline, "{missing} are not delivered");
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn successes(&self) -> usize {
        let history = self.history();
        let deliveries = history.deliveries().into_values();
        let succeeded = deliveries.filter(|all| all.iter().any(|one| one.success));
        succeeded.count()
    }

    /// Checks all of it.
    pub(crate) fn check(&self) -> Summary {
        check(&self.history(), SETTLING).unwrap()
    }
}

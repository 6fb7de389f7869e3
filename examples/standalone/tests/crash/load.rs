//! Clients that emit and stage, one event after another, whatever happens to the program.

use std::time::Duration;

use reqwest::Method;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};
use webhooks_tests::history::Answer;

use crate::{
    PATIENCE,
    api::{Api, Event},
    chance::Chance,
    world::World,
};

/// The longest pause between two events of a client, in microseconds.
const PAUSE: u64 = 6_000;

/// What a client does.
#[derive(Debug, Clone, Copy)]
enum Habit {
    /// Emits, each event with its answer awaited.
    Emits {
        event: &'static str,
        key: Option<&'static str>,
    },
    /// Stages, now and then in requests that fail.
    Stages,
}

const CLIENTS: &[Habit] = &[
    emits("order.created", Some("ada")),
    emits("order.created", Some("bob")),
    emits("order.paid", Some("ada")),
    emits("order.shipped", None),
    emits("user.created", None),
    Habit::Stages,
];

const fn emits(event: &'static str, key: Option<&'static str>) -> Habit {
    Habit::Emits { event, key }
}

/// The clients of a test, at work until they are told to stop.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    clients: JoinSet<()>,
}

impl Load {
    pub(crate) fn start(world: &World, chance: &mut Chance) -> Self {
        let stop = watch::Sender::new(false);
        let mut clients = JoinSet::new();
        for (number, habit) in CLIENTS.iter().enumerate() {
            let client = Client {
                name: format!("client-{number}"),
                habit: *habit,
                world: world.clone(),
                chance: chance.fork(),
            };
            clients.spawn(client.run(stop.subscribe()));
        }
        Self { stop, clients }
    }

    /// Stops the clients, once each has its last answer.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        while let Some(client) = timeout(PATIENCE, self.clients.join_next()).await.unwrap() {
            client.unwrap();
        }
    }
}

struct Client {
    name: String,
    habit: Habit,
    world: World,
    chance: Chance,
}

impl Client {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut running = self.world.api.subscribe();
        for number in 0.. {
            let api = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                api = running.wait_for(Option::is_some) => api.unwrap().clone().unwrap(),
            };
            let id = format!("{}-{number}", self.name);
            let padding = "x".repeat(self.chance.below(300) as usize);
            let body = format!(r#"{{"id": "{id}", "padding": "{padding}"}}"#);
            let heard = match self.habit {
                Habit::Emits { event: name, key } => {
                    let (id, body) = (&id, &body);
                    let event = Event {
                        id,
                        name,
                        key,
                        body,
                    };
                    let answer = self.world.emit(&api, &event).await;
                    answer.map(Result::unwrap).is_ok()
                }
                Habit::Stages => self.stage(&api, &id, &body).await,
            };
            if heard {
                sleep(Duration::from_micros(self.chance.below(PAUSE))).await;
            } else {
                // It was killed: the next start is waited for, or another node.
                let gone = running.wait_for(|now| now.as_ref() != Some(&api));
                timeout(PATIENCE, gone).await.unwrap().unwrap();
            }
        }
    }

    /// Whether there was an answer.
    async fn stage(&mut self, api: &Api, id: &str, body: &str) -> bool {
        let name = "user.updated";
        let key = None;
        let event = Event {
            id,
            name,
            key,
            body,
        };
        self.world.calling(&event);
        let (query, status) = match self.chance.below(6) {
            0 => ("status=422", 422),
            1 => ("panic=true", 500),
            2 => ("status=201&delay_ms=5", 201),
            _ => ("", 200),
        };
        if status >= 400 {
            self.world.heard(id, Answer::Refused);
        }
        let path = format!("/stage/{name}?{query}");
        let request = api.request(Method::POST, &path).header("x-request-id", id);
        let Ok(answer) = request.body(body.to_owned()).send().await else {
            return false;
        };
        assert_eq!(answer.status(), status);
        if status < 400 {
            self.world
                .heard(id, Answer::Receipt(self.world.now(), None));
        }
        true
    }
}

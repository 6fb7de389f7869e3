//! Two nodes on one PostgreSQL: killed under load, and stopped for longer than their lease.

use std::{path::PathBuf, time::Duration};

use sqlx::Row as _;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use webhooks_core::{env::Env, store::SecretsKey};
use webhooks_tests::{
    Reply,
    history::check,
    postgres::{Schema, schema},
};

use crate::{
    PATIENCE,
    api::Event,
    chance::Chance,
    kill::{DRAINED, SETTLING, drained_within, receiver, report, rounds},
    load::Load,
    program::{BINARY, Program, command, serving_from},
    world::World,
};

/// A schema, and the files that nodes share.
struct Place {
    schema: Schema,
    directory: TempDir,
}

impl Place {
    async fn new() -> Option<Self> {
        let schema = schema().await?;
        let directory = tempfile::tempdir().unwrap();
        let place = Self { schema, directory };
        SecretsKey::create_file(place.key(), &Env::system()).unwrap();
        Some(place)
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("webhooks.key")
    }

    /// A node, whose log is called so.
    fn node(&self, name: &str) -> Program {
        let mut command = command(BINARY);
        serving_from(&mut command, self.schema.url())
            .args(["--schema", self.schema.name()])
            .arg("--secrets-key-file")
            .arg(self.key())
            .args(["--log", "info,webhooks=debug"]);
        Program::spawn(command, &self.directory.path().join(name))
    }

    async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = self.schema.connect().await;
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        row.get(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_arrives_in_order_whichever_node_is_killed() {
    const NAMES: [&str; 2] = ["one", "another"];
    let Some(place) = Place::new().await else {
        return;
    };
    let mut chance = Chance::from_environment();
    let world = World::new();
    let receiver = receiver(&world, &mut chance).await;
    let mut nodes = NAMES.map(|name| Some(place.node(name)));
    let mut apis = Vec::new();
    for node in nodes.iter_mut().flatten() {
        apis.push(node.api().await);
    }
    world.attach(&apis[0], &receiver).await;
    // The other node hears of it within a second; until then it has no listeners.
    sleep(Duration::from_secs(2)).await;
    world.api.send_replace(Some(apis[0].clone()));
    let load = Load::start(&world, &mut chance);
    for _ in 0..rounds() {
        let killed = usize::from(chance.one_in(2));
        // Clients are at either when one is killed.
        let at = usize::from(chance.one_in(2));
        world.api.send_replace(Some(apis[at].clone()));
        sleep(Duration::from_millis(chance.below(500))).await;
        nodes[killed].take().unwrap().kill().await;
        let now = world.now();
        world.history().faults.push(now);
        world.api.send_replace(Some(apis[1 - killed].clone()));
        let mut node = place.node(NAMES[killed]);
        apis[killed] = node.api().await;
        nodes[killed] = Some(node);
    }
    load.stop().await;
    apis[0].drained(drained_within(rounds())).await;
    let history = world.history().clone();
    let summary = check(&history, SETTLING).unwrap();
    report(&history, &summary, &mut []);
    for node in nodes.into_iter().flatten() {
        let panicked = |line: &&str| line.contains("panicked at") && !line.contains("events.rs");
        assert_eq!(node.log().lines().find(panicked), None);
        node.end().await;
    }
    let delivered = "SELECT count(*) FROM deliveries WHERE state = 1";
    assert_eq!(place.count(delivered).await, summary.delivered as i64);
    assert_eq!(place.count("SELECT count(*) FROM leases").await, 0);
}

/// One that is stopped may have what was in flight on its way, and nothing more: when it goes on, others
/// have long delivered the rest.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_stopped_past_its_lease_sends_nothing_more() {
    const EVENTS: usize = 200;
    let Some(place) = Place::new().await else {
        return;
    };
    let world = World::new();
    let slowly = Reply::status(200).after(Duration::from_millis(20));
    let receiver = world.receiver(move |_| slowly.clone()).await;
    let mut stopped = place.node("stopped");
    let at_stopped = stopped.api().await;
    world.attach(&at_stopped, &receiver).await;
    let body = |n: usize| format!(r#"{{"n":{n}}}"#);
    for n in 0..EVENTS {
        let (id, body) = (format!("event-{n}"), body(n));
        let event = Event {
            id: &id,
            name: "user.created",
            key: None,
            body: &body,
        };
        world.emit(&at_stopped, &event).await.unwrap().unwrap();
    }
    let delivered = "SELECT count(*) FROM deliveries WHERE state = 1";
    while place.count(delivered).await < 10 {
        sleep(Duration::from_millis(5)).await;
    }
    let mut other = place.node("other");
    let at_other = other.api().await;
    stopped.signal("STOP").await;
    stopped.stopped().await;
    let since = Instant::now();
    let now = world.now();
    world.history().faults.push(now);
    let all = world
        .history()
        .emits
        .values()
        .map(|emit| emit.targets.len())
        .sum::<usize>() as i64;
    let delivered = "SELECT count(*) FROM deliveries WHERE state = 1";
    let before = place.count(delivered).await;
    let dead = "SELECT count(*) FROM nodes WHERE dead";
    while place.count(dead).await == 0 {
        assert!(since.elapsed() < PATIENCE);
        sleep(Duration::from_millis(20)).await;
    }
    let took_over = since.elapsed();
    assert!(took_over < Duration::from_secs(15), "{took_over:?}");
    while place.count(delivered).await < all {
        assert!(since.elapsed() < PATIENCE + DRAINED);
        sleep(Duration::from_millis(20)).await;
    }
    let sent = receiver.received().len();
    stopped.signal("CONT").await;
    // It renews itself, finds out, and comes back as another.
    let reborn = "SELECT count(*) FROM nodes WHERE NOT dead AND lease_until > clock_timestamp()";
    while place.count(reborn).await < 2 {
        assert!(since.elapsed() < PATIENCE + DRAINED);
        sleep(Duration::from_millis(20)).await;
    }
    let again = receiver.received().len() - sent;
    eprintln!(
        "taken over after {took_over:?}; {before} of {all} before; {again} sent by the stopped one"
    );
    // The lanes of "mail", "flaky" and "slow": one request each.
    assert!(again <= 3, "{again} requests after it went on");
    assert_eq!(place.count(delivered).await, all);
    for (api, n) in [(&at_stopped, EVENTS), (&at_other, EVENTS + 1)] {
        let (id, body) = (format!("event-{n}"), body(n));
        let event = Event {
            id: &id,
            name: "user.created",
            key: None,
            body: &body,
        };
        world.emit(api, &event).await.unwrap().unwrap();
    }
    at_other.drained(DRAINED).await;
    check(&world.history(), SETTLING).unwrap();
    stopped.end().await;
    other.end().await;
}

//! Two processes on one file.

use std::{collections::BTreeSet, fs, path::PathBuf, time::Duration};

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};
use webhooks_core::store::sqlite::rusqlite::Connection;
use webhooks_tests::{
    Gate, Receiver, Reply,
    history::{Moment, check},
};

use crate::{
    PATIENCE,
    api::{Api, Event},
    program::Program,
    world::{Emitter, World},
};

const DRAINED: Duration = Duration::from_secs(20);
/// What is left at least of a lease of 12 s that is renewed every 3 s.
const LEASE_LEFT: Duration = Duration::from_secs(9);
/// A lease of 12 s, and what it takes to see that it has run out; then some for a slow machine.
const TAKEN_OVER: Duration = Duration::from_secs(18);

/// Two processes, and who saw what they did.
struct Shared {
    world: World,
    receiver: Receiver,
    programs: Vec<Program>,
    apis: Vec<Api>,
    count: usize,
    directory: TempDir,
}

impl Shared {
    async fn start(script: impl Fn(&Emitter) -> Reply + Send + Sync + 'static) -> Self {
        let world = World::new();
        let mut shared = Self {
            directory: tempfile::tempdir().unwrap(),
            receiver: world.receiver(script).await,
            world,
            programs: Vec::new(),
            apis: Vec::new(),
            count: 0,
        };
        shared.join().await;
        shared.world.attach(&shared.apis[0], &shared.receiver).await;
        shared.join().await;
        shared
    }

    async fn join(&mut self) {
        let log = self
            .directory
            .path()
            .join(format!("log-{}", self.programs.len()));
        let mut program = Program::start(&self.database(), &log);
        self.apis.push(program.api().await);
        self.programs.push(program);
    }

    fn database(&self) -> PathBuf {
        self.directory.path().join("webhooks.db")
    }

    /// Emits an event by this process; returns the message ID.
    async fn emit(&mut self, by: usize, name: &str) -> String {
        self.count += 1;
        let (id, body) = (
            self.count.to_string(),
            json!({ "n": self.count }).to_string(),
        );
        let (id, body, key) = (&id, &body, Some("ada"));
        let event = Event {
            id,
            name,
            key,
            body,
        };
        self.world
            .emit(&self.apis[by], &event)
            .await
            .unwrap()
            .unwrap()
    }

    /// Whose attempts this process has made.
    fn delivered_by(&self, process: usize) -> BTreeSet<String> {
        let log = self.programs[process].log();
        let attempts = log.lines().filter(|line| line.contains(": attempt "));
        let emitter = |line: &str| {
            let (_, rest) = line.split_once("emitter=").unwrap();
            rest.split_whitespace().next().unwrap().to_owned()
        };
        attempts.map(emitter).collect()
    }

    /// When something arrived for this emitter after that moment, once it has.
    async fn arrives(&self, emitter: &str, after: Moment, patience: Duration) -> Duration {
        let mut arrivals = self.receiver.arrivals();
        let first = || {
            let history = self.world.history();
            let mut all = history.arrivals.iter();
            let found = all.find(|one| one.emitter == emitter && one.at > after);
            found.map(|found| found.at - after)
        };
        let arrived = async {
            loop {
                if let Some(first) = first() {
                    return first;
                }
                arrivals.changed().await.unwrap();
            }
        };
        timeout(patience, arrived).await.unwrap()
    }

    /// Which process owns this emitter. The lock file of its node is open there alone.
    fn owner_of(&self, emitter: &str) -> usize {
        let connection = Connection::open(self.database()).unwrap();
        let sql = "SELECT lower(hex(node)) FROM webhooks_leases WHERE emitter = ?1";
        let node: String = connection
            .query_row(sql, [emitter], |row| row.get(0))
            .unwrap();
        let holds = |program: &Program| {
            let open = fs::read_dir(format!("/proc/{}/fd", program.id())).unwrap();
            let mut files =
                open.map(|file| fs::read_link(file.unwrap().path()).unwrap_or_default());
            files.any(|file| file.to_string_lossy().ends_with(&node))
        };
        self.programs.iter().position(holds).unwrap()
    }

    /// Stops a process where it stands, but not while it holds the database: then the other could not
    /// write either.
    async fn stop(&self, process: usize) {
        let connection = Connection::open(self.database()).unwrap();
        connection.busy_timeout(Duration::ZERO).unwrap();
        let program = &self.programs[process];
        loop {
            program.signal("STOP").await;
            program.stopped().await;
            if connection
                .execute_batch("BEGIN IMMEDIATE; ROLLBACK")
                .is_ok()
            {
                return;
            }
            program.signal("CONT").await;
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn fault(&self) -> Moment {
        let now = self.world.now();
        self.world.history().faults.push(now);
        now
    }
}

/// The first request to `crm` is held by this gate and answered so, others are answered at once.
fn first_held(gate: &Gate, status: u16) -> impl Fn(&Emitter) -> Reply + Send + Sync + 'static {
    let gate = gate.clone();
    move |emitter| match emitter.id {
        "crm" if gate.arrived() == 0 => Reply::status(status).held_by(&gate),
        _ => Reply::status(200),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_emitter_is_one_processs_and_the_others_once_that_is_killed() {
    let gate = Gate::closed();
    let mut shared = Shared::start(first_held(&gate, 200)).await;
    shared.emit(0, "user.created").await;
    shared.emit(1, "order.created").await;
    gate.wait_for(1).await;
    for n in 0..60 {
        let name = ["user.created", "order.created", "order.paid"][n % 3];
        shared.emit(n / 2 % 2, name).await;
    }
    let last = shared.world.now();
    shared.emit(1, "user.created").await;
    shared.emit(1, "order.created").await;
    for emitter in ["flaky", "mail", "shop", "slow"] {
        shared.arrives(emitter, last, PATIENCE).await;
    }
    // Whoever made them; what is held has not been made yet.
    let [one, other] = [0, 1].map(|process| shared.delivered_by(process));
    assert!(one.is_disjoint(&other), "{one:?} {other:?}");
    let owner = shared.owner_of("crm");
    shared.programs.remove(owner).kill().await;
    let killed = shared.fault();
    let taken_over = shared.arrives("crm", killed, LEASE_LEFT).await;
    gate.open();
    shared.apis.remove(owner);
    shared.emit(0, "order.created").await;
    shared.apis[0].drained(DRAINED).await;
    // What was held had no outcome, however long ago it came.
    let summary = check(&shared.world.history(), Duration::MAX).unwrap();
    eprintln!("taken over {taken_over:?} after a kill: {summary:?}");
    assert!(summary.repeated[0] >= 1);
    shared.programs.pop().unwrap().end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_was_stopped_settles_nothing_stale_and_comes_back() {
    let gate = Gate::closed();
    let mut shared = Shared::start(first_held(&gate, 500)).await;
    let first = shared.emit(0, "order.created").await;
    gate.wait_for(1).await;
    let (owner, other) = match shared.owner_of("crm") {
        0 => (0, 1),
        _ => (1, 0),
    };
    shared.stop(owner).await;
    let stopped = shared.fault();
    for _ in 0..5 {
        shared.emit(other, "order.paid").await;
    }
    let taken_over = shared.arrives("crm", stopped, TAKEN_OVER).await;
    shared.apis[other].drained(DRAINED).await;
    // Its attempt has failed, as it sees it; nobody wants to know.
    shared.programs[owner].signal("CONT").await;
    gate.open();
    let came_back = async {
        while !shared.programs[owner]
            .log()
            .contains("coming back as a new one")
        {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, came_back).await.unwrap();
    for n in 0..6 {
        shared
            .emit(n % 2, ["order.paid", "user.created"][n / 3])
            .await;
    }
    shared.apis[owner].drained(DRAINED).await;
    for api in &shared.apis {
        assert_eq!(api.health().await, StatusCode::OK);
        let path = format!("/webhooks/api/messages/{first}/deliveries/crm");
        let delivery = api.get(&path).await;
        assert_eq!(delivery["state"], "delivered");
        let attempts = delivery["attempts"].as_array().unwrap();
        let statuses: Vec<_> = attempts.iter().map(|attempt| &attempt["status"]).collect();
        assert_eq!(statuses, [&json!(200)]);
    }
    let history = shared.world.history().clone();
    let summary = check(&history, Duration::MAX).unwrap();
    eprintln!("taken over {taken_over:?} after a stop: {summary:?}");
    assert_eq!(history.deliveries()[&("crm", "1")].len(), 2);
    for program in shared.programs {
        program.end().await;
    }
}

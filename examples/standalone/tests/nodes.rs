//! The walk-through of `docs/scaling.md`: two nodes on one PostgreSQL, and what is refused.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use reqwest::{Client, StatusCode};
use serde_json::json;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};
use webhooks_tests::{
    Receiver,
    postgres::{Schema, schema},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_standalone");
const TOKEN: &str = "the token of the test";
/// What a node that died had is taken over by then; some more for a slow machine.
const TAKEN_OVER: Duration = Duration::from_secs(25);

/// A schema, and a directory with the key.
struct Place {
    schema: Schema,
    directory: TempDir,
}

impl Place {
    async fn new() -> Option<Self> {
        let place = Self {
            schema: schema().await?,
            directory: tempfile::tempdir().unwrap(),
        };
        let made = Command::new(PROGRAM)
            .arg("keygen")
            .arg(place.key())
            .output();
        assert!(made.unwrap().status.success());
        Some(place)
    }

    fn key(&self) -> PathBuf {
        self.directory.path().join("webhooks.key")
    }

    /// The program, told of this store.
    fn command(&self, key: Option<&Path>) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .current_dir(&self.directory)
            .env("WEBHOOKS_STORE", self.schema.url())
            .env("WEBHOOKS_ADMIN_TOKEN", TOKEN)
            .args(["--schema", self.schema.name(), "--listen", "127.0.0.1:0"]);
        if let Some(key) = key {
            command.arg("--secrets-key-file").arg(key);
        }
        command
    }

    fn run(&self, key: Option<&Path>, args: &[&str]) -> Output {
        self.command(key).args(args).output().unwrap()
    }

    fn node(&self) -> Node {
        let mut child = self
            .command(Some(&self.key()))
            .args(["--allow-http", "--allow-network", "127.0.0.0/8"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        printed.read_line(&mut line).unwrap();
        let base = line.strip_prefix("listening on ").unwrap().trim_end();
        Node {
            child,
            base: base.to_owned(),
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }
}

/// A running program; killed when dropped.
struct Node {
    child: Child,
    base: String,
    client: Client,
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Node {
    async fn post(&self, path: &str, body: &serde_json::Value) -> StatusCode {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = request.header("content-type", "application/json");
        let answer = request.bearer_auth(TOKEN).body(body.to_string()).send();
        answer.await.unwrap().status()
    }

    /// Emits until an emitter hears of it, which another node may have attached a moment ago.
    async fn emit(&self, n: usize) {
        let request = self
            .client
            .post(format!("{}/emit/order.created", self.base));
        let answer = request
            .bearer_auth(TOKEN)
            .body(json!({ "n": n }).to_string());
        let answer = answer.send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
    }

    async fn knows(&self, emitter: &str) -> bool {
        let path = format!("{}/webhooks/api/emitters/{emitter}", self.base);
        let answer = self.client.get(path).bearer_auth(TOKEN).send().await;
        answer.unwrap().status().is_success()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_a_queue_and_one_is_enough() {
    let Some(place) = Place::new().await else {
        return;
    };
    let receiver = Receiver::start().await;
    let (one, another) = (place.node(), place.node());
    let emitter = json!({ "id": "crm", "url": receiver.url("/hooks"), "events": ["order.*"] });
    let attached = one.post("/webhooks/api/emitters", &emitter).await;
    assert_eq!(attached, StatusCode::CREATED);
    while !another.knows("crm").await {
        sleep(Duration::from_millis(20)).await;
    }
    // The registry follows the table within a second.
    sleep(Duration::from_millis(1_500)).await;
    for n in 0..10 {
        another.emit(n).await;
        one.emit(100 + n).await;
    }
    receiver.wait_for(20).await;
    let in_turn: Vec<String> = (0..10)
        .flat_map(|n| [n, 100 + n])
        .map(|n| json!({ "n": n }).to_string())
        .collect();
    assert_eq!(receiver.bodies(), in_turn);
    // Whichever owned it: the one that is left goes on.
    drop(one);
    another.emit(20).await;
    let since = Instant::now();
    while receiver.bodies().last() != Some(&json!({ "n": 20 }).to_string()) {
        assert!(since.elapsed() < TAKEN_OVER);
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_wanted_and_it_must_be_the_same() {
    let Some(place) = Place::new().await else {
        return;
    };
    let without = place.run(None, &[]);
    assert_eq!(without.status.code(), Some(2), "{}", stderr(&without));
    assert!(stderr(&without).contains("--secrets-key-file"));
    let nowhere = place.directory.path().join("nowhere.key");
    let missing = place.run(Some(&nowhere), &[]);
    assert_eq!(missing.status.code(), Some(2), "{}", stderr(&missing));
    assert!(stderr(&missing).contains("nowhere.key"));
    assert!(!nowhere.exists(), "it is made for SQLite only");

    let key = place.key();
    let planned = place.run(Some(&key), &["migrate", "--dry-run"]);
    assert_eq!(
        planned.stdout,
        b"to do: 1 initial\n",
        "{}",
        stderr(&planned)
    );
    let invalid = place.run(Some(&key), &["validate"]);
    assert_eq!(invalid.status.code(), Some(1), "{}", stderr(&invalid));
    let done = place.run(Some(&key), &["migrate"]);
    assert_eq!(done.stdout, b"done: 1 initial\n", "{}", stderr(&done));
    let valid = place.run(Some(&key), &["validate"]);
    assert!(valid.status.success(), "{}", stderr(&valid));

    let other = place.directory.path().join("other.key");
    let made = Command::new(PROGRAM).arg("keygen").arg(&other).output();
    let id = String::from_utf8(made.unwrap().stdout).unwrap();
    let refused = place.run(Some(&other), &[]);
    assert_eq!(refused.status.code(), Some(1), "{}", stderr(&refused));
    assert!(stderr(&refused).contains(id.trim()), "{}", stderr(&refused));
    assert_eq!(stderr(&refused).lines().count(), 1, "{}", stderr(&refused));
}

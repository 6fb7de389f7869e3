//! The program as a process: an order and its event are there together, or not at all.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::{Instant, sleep};
use webhooks_tests::postgres::schema;

/// Killed when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_and_its_event_are_there_together_or_not_at_all() {
    let Some(schema) = schema().await else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_outbox-postgres"))
        .current_dir(&directory)
        .env("DATABASE_URL", schema.url())
        .args(["--schema", schema.name(), "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut printed = BufReader::new(program.stdout.take().unwrap());
    let program = Program(program);
    printed.read_line(&mut line).unwrap();
    let base = line.strip_prefix("listening on ").unwrap().trim_end();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (quantity, status) in [(0, 422), (2, 201), (-1, 422), (3, 201)] {
        let order = serde_json::json!({ "item": "fish", "quantity": quantity });
        let request = client.post(format!("{base}/orders"));
        let request = request.header("content-type", "application/json");
        let answer = request.body(order.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{quantity}");
    }
    let get = async |path: &str| {
        let answer = client.get(format!("{base}{path}")).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    };
    let deadline = Instant::now() + Duration::from_secs(20);
    while get("/warehouse").await.lines().count() < 2 {
        assert!(Instant::now() < deadline);
        sleep(Duration::from_millis(10)).await;
    }
    let orders: Vec<serde_json::Value> = serde_json::from_str(&get("/orders").await).unwrap();
    let arrived = get("/warehouse").await;
    let arrived = arrived
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    assert_eq!(arrived.collect::<Vec<serde_json::Value>>(), orders);
    drop(program);
}

//! What is acknowledged is on the disk: each receipt waited for a flush of the log.

use std::{fs, path::Path};

use serde_json::json;
use webhooks_tests::Receiver;

use crate::{
    api::Event,
    program::{BINARY, Program, command, serving},
    required,
};

const EVENTS: usize = 50;

#[tokio::test]
async fn each_receipt_of_a_lone_client_waited_for_a_flush_of_the_log() {
    let traced = command("strace").args(["-o", "/dev/null", "true"]).output();
    if !traced.await.is_ok_and(|traced| traced.status.success()) {
        return required("strace is not here, or may trace nothing: skipped");
    }
    let directory = tempfile::tempdir().unwrap();
    let (calls, log) = (directory.path().join("calls"), directory.path().join("log"));
    let mut strace = command("strace");
    // The tracer is a process beside the program, and writes a line before a call returns.
    strace.args(["-D", "-f", "-y", "-e", "trace=fsync,fdatasync", "-o"]);
    strace.arg(&calls).arg(BINARY);
    serving(&mut strace, &directory.path().join("webhooks.db"));
    let mut program = Program::spawn(strace, &log);
    let api = program.api().await;
    // Paused, so that nothing but the emits is written.
    let receiver = Receiver::start().await;
    api.attach(&json!({ "id": "crm", "url": receiver.url("/"), "events": ["*"] }))
        .await;
    api.post("/webhooks/api/emitters/crm/pause", "{}").await;
    for n in 0..EVENTS {
        let before = flushes(&calls);
        let id = n.to_string();
        let event = Event {
            id: &id,
            name: "order.created",
            key: None,
            body: "{}",
        };
        api.emit(&event).await.unwrap().unwrap();
        assert!(flushes(&calls) > before, "event {n} was not flushed");
    }
    program.end().await;
}

/// How often the log was flushed so far.
fn flushes(calls: &Path) -> usize {
    let calls = fs::read_to_string(calls).unwrap();
    let ended = calls.lines().filter(|line| line.ends_with("= 0"));
    ended
        .filter(|line| line.contains("-wal>") || line.contains("resumed>"))
        .count()
}

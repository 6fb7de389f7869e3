//! No room left, for longer than a node lives without its store; then room again.

use std::time::Duration;

use reqwest::StatusCode;
use tokio::time::{Instant, sleep};
use webhooks_tests::{Gate, Reply, history::check};

use crate::{
    api::{Api, Event},
    required,
    room::{Room, mounts_are_allowed},
    world::World,
};

/// Longer than a node's 12 s.
const FULL: Duration = Duration::from_secs(14);
/// The bound of the contract.
const HEALTHY: Duration = Duration::from_secs(40);
const DRAINED: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_and_is_overcome_once_there_is_room() {
    if mounts_are_allowed().await {
        overcomes(&Room::Disk, "the disk is full").await;
    } else {
        required("no file system of one's own can be mounted: skipped");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_may_not_grow_lose_nothing_and_are_overcome_once_they_may() {
    overcomes(&Room::FileSize, "cannot be read or written").await;
}

async fn overcomes(room: &Room, why: &str) {
    let directory = tempfile::tempdir().unwrap();
    let mut program = room.start(&directory);
    let api = program.api().await;
    let (world, gate) = (World::new(), Gate::closed());
    let held = gate.clone();
    let receiver = world
        .receiver(move |emitter| match emitter.id {
            "slow" => Reply::status(200).held_by(&held),
            _ => Reply::status(200),
        })
        .await;
    world.attach(&api, &receiver).await;
    let mut emitting = Emitting::new(&world, &api);
    for _ in 0..20 {
        assert!(emitting.emit().await);
    }
    gate.wait_for(1).await;
    room.fill(&program, &directory).await;
    let full = Instant::now();
    // What is written already may have left some room.
    while emitting.emit().await {}
    // What is delivered meanwhile cannot be written down.
    gate.open();
    let mut refused = 0;
    while full.elapsed() < FULL {
        refused += usize::from(!emitting.emit().await);
        sleep(Duration::from_millis(50)).await;
    }
    assert!(refused > 10);
    assert_eq!(api.health().await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(program.log().contains(why), "{}", program.log());
    room.free(&program, &directory).await;
    let freed = Instant::now();
    while api.health().await != StatusCode::OK {
        assert!(freed.elapsed() < HEALTHY);
        sleep(Duration::from_millis(50)).await;
    }
    let healthy = freed.elapsed();
    for _ in 0..5 {
        assert!(emitting.emit().await);
    }
    api.drained(DRAINED).await;
    program.end().await;
    let history = world.history().clone();
    // It was one process all the time: what had its success is not sent again.
    let summary = check(&history, Duration::MAX).unwrap();
    eprintln!(
        "healthy {healthy:?} and drained {:?} after there was room: {summary:?}",
        freed.elapsed()
    );
}

/// One client, one event after another.
struct Emitting<'a> {
    world: &'a World,
    api: &'a Api,
    count: usize,
}

impl<'a> Emitting<'a> {
    fn new(world: &'a World, api: &'a Api) -> Self {
        let count = 0;
        Self { world, api, count }
    }

    /// Whether an event was taken; else it was clearly refused for now.
    async fn emit(&mut self) -> bool {
        self.count += 1;
        let id = self.count.to_string();
        let body = format!(r#"{{"padding": "{}"}}"#, "x".repeat(1_000));
        let event = Event {
            id: &id,
            name: "order.created",
            key: Some("ada"),
            body: &body,
        };
        match self.world.emit(self.api, &event).await.unwrap() {
            Ok(_) => true,
            Err(problem) => {
                assert_eq!(problem.status, StatusCode::SERVICE_UNAVAILABLE);
                assert_eq!(problem.r#type, "store_unavailable");
                assert!(problem.retry_after);
                false
            }
        }
    }
}

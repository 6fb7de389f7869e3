//! Several processes on one file.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tokio::time::Instant;
use webhooks_core::store::SqliteStore;

use crate::{Place, Receiver, attached, builder, numbers, payload, wait_until};

/// Names the database, to what runs as the other process.
const DATABASE: &str = "WEBHOOKS_TEST_DATABASE";
const COUNT: usize = 20;

/// The other process: a part of the tests, not one of them.
#[tokio::test]
#[ignore = "another test runs it in a process of its own"]
async fn another_process() {
    let Ok(database) = std::env::var(DATABASE) else {
        return;
    };
    let store = SqliteStore::open(database).await.unwrap();
    let receiver = Receiver::new();
    receiver.answers(false);
    let delivers = std::env::var("WEBHOOKS_TEST_DELIVERS").is_ok();
    let webhooks = builder(store, &receiver).deliver(delivers);
    let webhooks = webhooks.build().await.unwrap();
    for n in 0..COUNT {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    if delivers {
        receiver.wait_for(1).await;
    }
    #[allow(clippy::print_stdout, reason = "it tells whoever runs it")]
    {
        println!("\nready");
    }
    std::future::pending().await
}

/// A process that is killed at the end.
struct Other(Child);

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the other process until it has emitted, and its first request is in flight if it delivers.
async fn other(place: &Place, delivers: bool) -> Other {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--ignored",
            "--exact",
            "--nocapture",
            "processes::another_process",
        ])
        .env(DATABASE, place.database())
        .stdout(Stdio::piped());
    if delivers {
        command.env("WEBHOOKS_TEST_DELIVERS", "1");
    }
    let mut child = Other(command.spawn().unwrap());
    let lines = BufReader::new(child.0.stdout.take().unwrap()).lines();
    let told = tokio::task::spawn_blocking(move || {
        lines.map_while(Result::ok).any(|line| line == "ready")
    });
    assert!(told.await.unwrap(), "it ended before it was ready");
    child
}

#[tokio::test]
async fn what_another_process_emits_is_delivered_here() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let other = other(&place, false).await;
    assert_eq!(receiver.wait_for(COUNT).await, numbers(0..COUNT));
    assert_eq!(place.locks().len(), 2);
    webhooks.emit("a", &payload(COUNT)).await.unwrap();
    receiver.wait_for(COUNT + 1).await;
    drop(other);
}

#[tokio::test]
async fn what_a_process_owned_is_taken_over_once_it_is_killed() {
    let place = Place::new();
    let receiver = Receiver::new();
    let attaching = attached(&place, &receiver).await;
    attaching.shutdown(crate::PATIENCE).await.unwrap();
    drop(attaching);
    let other = other(&place, true).await;
    let alone = place.open().await;
    let webhooks = builder(alone, &receiver).build().await.unwrap();
    webhooks.emit("a", &payload(COUNT)).await.unwrap();
    assert!(receiver.bodies().is_empty(), "the other owns it");
    drop(other);
    drop(webhooks);
    let started = Instant::now();
    let _next = attached(&place, &receiver).await;
    assert_eq!(receiver.wait_for(COUNT + 1).await, numbers(0..=COUNT));
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "it waited for the lease to end"
    );
    wait_until(|| place.locks().len() == 1).await;
}

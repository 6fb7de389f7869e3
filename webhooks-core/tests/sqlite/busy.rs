//! The application holds the database.

use std::time::Duration;

use tokio::time::{Instant, interval};
use webhooks_core::ErrorKind;

use crate::{Place, Receiver, attached, builder, config, numbers, payload, wait_until};

/// Longer than a tick, and shorter than anything that is waited for.
const BOUND: Duration = Duration::from_millis(200);

/// Whatever happens meanwhile, the runtime goes on.
async fn ticks(count: usize) {
    let mut ticks = interval(Duration::from_millis(2));
    for _ in 0..count {
        ticks.tick().await;
    }
}

#[tokio::test]
async fn an_emit_waits_for_the_application_and_blocks_nobody() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = place.connection();
    application.execute_batch("BEGIN IMMEDIATE").unwrap();
    let emitter = webhooks.clone();
    let emitting = tokio::spawn(async move { emitter.emit("a", &payload(0)).await });
    ticks(50).await;
    assert!(!emitting.is_finished());
    // Reading needs no turn.
    assert_eq!(webhooks.stats().await.unwrap().all.pending, 0);
    application.execute_batch("COMMIT").unwrap();
    assert_eq!(emitting.await.unwrap().unwrap().deliveries, 1);
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn an_emit_that_waits_for_too_long_is_busy_and_nothing_is_lost() {
    let place = Place::new();
    let receiver = Receiver::new();
    let store = place.options().busy_timeout(BOUND).open().await.unwrap();
    let webhooks = builder(store, &receiver).build().await.unwrap();
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
    let application = place.connection();
    application.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let one = payload(1);
    let (refused, ()) = tokio::join!(webhooks.emit("a", &one), ticks(20));
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    assert!(refused.is_retryable());
    assert!(started.elapsed() >= BOUND, "it did not wait");
    application.execute_batch("ROLLBACK").unwrap();
    webhooks.emit("a", &payload(2)).await.unwrap();
    assert_eq!(receiver.wait_for(2).await, numbers([0, 2]));
    wait_until(|| delivered(&place) == 2).await;
    let messages = place.count("SELECT count(*) FROM webhooks_messages", []);
    assert_eq!(messages, 2);
}

#[tokio::test]
async fn what_was_delivered_meanwhile_is_settled_afterwards() {
    let place = Place::new();
    let receiver = Receiver::new();
    let store = place.options().busy_timeout(BOUND).open().await.unwrap();
    let webhooks = builder(store, &receiver).build().await.unwrap();
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    receiver.answers(false);
    for n in 0..3 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(1).await;
    let application = place.connection();
    application.execute_batch("BEGIN IMMEDIATE").unwrap();
    receiver.answers(true);
    receiver.wait_for(3).await;
    // What waits as long as this does fails, too.
    let refused = webhooks.emit("a", &payload(9)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Busy);
    assert_eq!(delivered(&place), 0);
    application.execute_batch("COMMIT").unwrap();
    wait_until(|| delivered(&place) == 3).await;
    assert_eq!(receiver.bodies(), numbers(0..3), "nothing is sent twice");
}

fn delivered(place: &Place) -> usize {
    place.count(
        "SELECT count(*) FROM webhooks_deliveries WHERE state = 1",
        [],
    )
}

#[tokio::test]
async fn an_emit_that_is_given_up_while_it_waits_is_delivered_all_the_same() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    // From then on events go straight to the lane.
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
    wait_until(|| delivered(&place) == 1).await;
    let application = place.connection();
    application.execute_batch("BEGIN IMMEDIATE").unwrap();
    let emitter = webhooks.clone();
    let emitting = tokio::spawn(async move { emitter.emit("a", &payload(1)).await });
    ticks(20).await;
    emitting.abort();
    assert!(emitting.await.unwrap_err().is_cancelled());
    // Whatever is loaded now cannot have it.
    ticks(50).await;
    application.execute_batch("COMMIT").unwrap();
    assert_eq!(receiver.wait_for(2).await, numbers(0..2));
}

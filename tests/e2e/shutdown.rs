//! The end over a store that persists, and what the next start makes of it.

use std::time::Duration;

use tokio::task::JoinHandle;
use webhooks_core::{
    Backlog, Error, ErrorKind, Event, RetryPolicy, ShutdownReport, Webhooks,
    delivery::DeliveryState,
};
use webhooks_tests::{Gate, Receiver, Reply, TestStore};

use crate::{
    becomes, builder, config, emit_until_in_flight, holding_the_first, numbers, payload, record,
    settled, wait_until,
};

const LONG: Duration = Duration::from_secs(10);

async fn node(store: &TestStore) -> Webhooks {
    builder().store(store.clone()).build().await.unwrap()
}

/// Begins to shut down; returns once nothing is accepted any more.
async fn shut_down(
    webhooks: &Webhooks,
    grace: Duration,
) -> JoinHandle<Result<ShutdownReport, Error>> {
    let ending = webhooks.clone();
    let ending = tokio::spawn(async move { ending.shutdown(grace).await });
    let refused = async || {
        let event = Event::new("a", &payload(0)).unwrap();
        let to_nobody = webhooks.emit_to("nobody", event).await;
        to_nobody.unwrap_err().kind() == ErrorKind::ShuttingDown
    };
    wait_until(refused).await;
    ending
}

#[tokio::test]
async fn what_is_in_flight_is_settled_nothing_else_starts_and_the_next_start_goes_on() {
    let (receiver, gate) = holding_the_first(200).await;
    let store = super::store();
    let webhooks = node(&store).await;
    let receipts = emit_until_in_flight(&webhooks, &receiver, 4).await;
    let ending = shut_down(&webhooks, LONG).await;
    gate.open();
    let report = ending.await.unwrap().unwrap();
    assert_eq!((report.pending, report.cut), (3, 0));
    assert_eq!(receiver.bodies(), numbers([0]));
    let first = record(&webhooks, &receipts[0]).await;
    assert_eq!(first.state, DeliveryState::Delivered);
    let next = node(&store).await;
    becomes(&next, &receipts[3], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers(0..4));
    assert_eq!(settled(&next).await.len(), 4);
}

#[tokio::test]
async fn an_attempt_that_fails_at_the_end_is_tried_again_after_the_next_start() {
    let (receiver, gate) = holding_the_first(500).await;
    let store = super::store();
    let webhooks = node(&store).await;
    let receipts = emit_until_in_flight(&webhooks, &receiver, 2).await;
    let ending = shut_down(&webhooks, LONG).await;
    gate.open();
    let report = ending.await.unwrap().unwrap();
    assert_eq!((report.pending, report.cut), (2, 0));
    assert_eq!(receiver.bodies(), numbers([0]));
    let next = node(&store).await;
    becomes(&next, &receipts[1], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 0, 1]));
    assert_eq!(receiver.received()[1].header("x-webhooks-attempt"), "2");
}

#[tokio::test]
async fn what_outlives_the_grace_is_cut_and_sent_again_after_the_next_start() {
    let (receiver, _gate) = holding_the_first(200).await;
    let store = super::store();
    let webhooks = node(&store).await;
    let receipts = emit_until_in_flight(&webhooks, &receiver, 3).await;
    let report = webhooks.shutdown(Duration::from_millis(50)).await.unwrap();
    assert_eq!((report.pending, report.cut), (3, 1));
    let next = node(&store).await;
    becomes(&next, &receipts[2], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 0, 1, 2]));
    let (first, again) = (&receiver.received()[0], &receiver.received()[1]);
    assert_eq!(first.header("webhook-id"), again.header("webhook-id"));
}

#[tokio::test]
async fn a_delivery_that_waits_for_its_retry_is_not_tried_at_the_end() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before == 0 { 500 } else { 200 })).await;
    let store = super::store();
    let webhooks = node(&store).await;
    let wait = Duration::from_millis(300);
    let config = config(&receiver).retry(RetryPolicy::exponential(wait, wait));
    webhooks.attach("crm", ["*"], config).await.unwrap();
    let first = webhooks.emit("a", &payload(0)).await.unwrap();
    let second = webhooks.emit("a", &payload(1)).await.unwrap();
    wait_until(async || record(&webhooks, &first).await.attempt_count == 1).await;
    // Over a store that does not persist, the retry would be waited for.
    let report = webhooks.shutdown(LONG).await.unwrap();
    assert_eq!((report.pending, report.cut), (2, 0));
    assert_eq!(receiver.bodies(), numbers([0]));
    let next = node(&store).await;
    becomes(&next, &second, DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 0, 1]));
}

#[tokio::test]
async fn with_nothing_in_flight_the_end_comes_at_once_and_reports_nothing_left() {
    let receiver = Receiver::start().await;
    let store = super::store();
    let webhooks = node(&store).await;
    let receipts = emit_until_in_flight(&webhooks, &receiver, 3).await;
    becomes(&webhooks, &receipts[2], DeliveryState::Delivered).await;
    let ended = tokio::time::timeout(LONG / 2, webhooks.shutdown(LONG)).await;
    let report = ended.unwrap().unwrap();
    assert_eq!((report.pending, report.cut), (0, 0));
    let refused = webhooks.emit("a", &payload(3)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ShuttingDown);
    assert_eq!(receiver.bodies(), numbers(0..3));
}

#[tokio::test]
async fn an_outcome_that_the_store_is_slow_to_write_down_is_waited_for() {
    let receiver = Receiver::start().await;
    let store = super::store();
    let webhooks = node(&store).await;
    store.settle_answers().close();
    emit_until_in_flight(&webhooks, &receiver, 1).await;
    store.settle_answers().wait_for(1).await;
    let ending = shut_down(&webhooks, LONG).await;
    assert!(!ending.is_finished());
    store.settle_answers().open();
    let report = ending.await.unwrap().unwrap();
    assert_eq!((report.pending, report.cut), (0, 0));
    let next = node(&store).await;
    next.emit("a", &payload(1)).await.unwrap();
    settled(&next).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn begin_shutdown_ends_streams_and_nothing_else() {
    let receiver = Receiver::start().await;
    let store = super::store();
    let webhooks = node(&store).await;
    let mut happenings = webhooks.subscribe();
    webhooks.begin_shutdown();
    assert!(happenings.next().await.is_none());
    emit_until_in_flight(&webhooks, &receiver, 2).await;
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn every_emitter_is_given_back_and_taken_up_by_the_next_start() {
    let gate = Gate::closed();
    let held = gate.clone();
    let receiver = Receiver::scripted(move |_, _| Reply::status(200).held_by(&held)).await;
    let store = super::store();
    let webhooks = node(&store).await;
    for n in 0..10 {
        webhooks
            .attach(format!("crm-{n}"), ["*"], config(&receiver))
            .await
            .unwrap();
    }
    for n in 0..3 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(10).await;
    let ending = shut_down(&webhooks, LONG).await;
    gate.open();
    let report = ending.await.unwrap().unwrap();
    assert_eq!((report.pending, report.cut), (20, 0));
    assert_eq!(receiver.bodies(), vec![payload(0).to_string(); 10]);
    let next = node(&store).await;
    receiver.wait_for(30).await;
    assert_eq!(settled(&next).await.len(), 30);
    assert_eq!(receiver.received().len(), 30);
}

#[tokio::test]
async fn an_end_that_is_asked_for_twice_comes_once() {
    let (receiver, gate) = holding_the_first(200).await;
    let store = super::store();
    let webhooks = node(&store).await;
    let receipts = emit_until_in_flight(&webhooks, &receiver, 2).await;
    let first = shut_down(&webhooks, LONG).await;
    let second = shut_down(&webhooks, LONG).await;
    gate.open();
    for ending in [first, second] {
        let report = ending.await.unwrap().unwrap();
        assert_eq!((report.pending, report.cut), (1, 0));
    }
    let next = node(&store).await;
    becomes(&next, &receipts[1], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn a_paused_emitter_is_given_back_too() {
    let receiver = Receiver::start().await;
    let store = super::store();
    let webhooks = node(&store).await;
    let receipts = emit_until_in_flight(&webhooks, &receiver, 1).await;
    becomes(&webhooks, &receipts[0], DeliveryState::Delivered).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    let report = webhooks.shutdown(LONG).await.unwrap();
    assert_eq!((report.pending, report.cut), (1, 0));
    let next = node(&store).await;
    next.restart("crm").await.unwrap();
    receiver.wait_for(2).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn an_emitter_that_is_attached_anew_after_the_end_delivers_at_once() {
    let receiver = Receiver::start().await;
    let store = super::store();
    let webhooks = node(&store).await;
    let receipts = emit_until_in_flight(&webhooks, &receiver, 1).await;
    becomes(&webhooks, &receipts[0], DeliveryState::Delivered).await;
    webhooks.detach("crm").await.unwrap();
    webhooks.shutdown(LONG).await.unwrap();
    let next = node(&store).await;
    next.attach("crm", ["*"], config(&receiver)).await.unwrap();
    next.emit("a", &payload(1)).await.unwrap();
    receiver.wait_for(2).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

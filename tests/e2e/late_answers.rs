//! A store whose answers come late, or not at all.

use webhooks_core::{Backlog, Event, Receipt, Webhooks, delivery::DeliveryState};
use webhooks_tests::{Receiver, Reply, TestStore};

use crate::{
    another_emitter_delivers, becomes, builder, config, numbers, payload, record, settled,
    wait_until,
};

/// Webhooks over a store of the test, with `crm` attached, and one event delivered to it: from
/// then on events go straight to its lane.
async fn warm(receiver: &Receiver) -> (Webhooks, TestStore, Receipt) {
    let store = super::store();
    let webhooks = builder().store(store.clone()).build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(receiver))
        .await
        .unwrap();
    let first = webhooks.emit("a", &payload(0)).await.unwrap();
    becomes(&webhooks, &first, DeliveryState::Delivered).await;
    (webhooks, store, first)
}

/// Emits an event that is stored when this returns, though the answer is still to come.
async fn emit_unanswered(
    webhooks: &Webhooks,
    store: &TestStore,
    n: usize,
) -> tokio::task::JoinHandle<Receipt> {
    let answers = store.append_answers();
    let before = answers.arrived();
    answers.close();
    let webhooks = webhooks.clone();
    let emitting = tokio::spawn(async move { webhooks.emit("a", &payload(n)).await.unwrap() });
    answers.wait_for(before + 1).await;
    emitting
}

#[tokio::test]
async fn an_event_whose_emitter_left_before_the_answer_is_delivered_once() {
    let receiver = Receiver::start().await;
    let (webhooks, store, _) = warm(&receiver).await;
    let emitting = emit_unanswered(&webhooks, &store, 1).await;
    emitting.abort();
    receiver.wait_for(2).await;
    store.append_answers().open();
    webhooks.emit("a", &payload(2)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..3));
}

#[tokio::test]
async fn an_answer_that_comes_late_changes_no_order() {
    let receiver = Receiver::start().await;
    let (webhooks, store, _) = warm(&receiver).await;
    let emitting = emit_unanswered(&webhooks, &store, 1).await;
    store.append_answers().open();
    let second = emitting.await.unwrap();
    webhooks.emit("a", &payload(2)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(second.deliveries, 1);
    assert_eq!(receiver.bodies(), numbers(0..3));
}

#[tokio::test]
async fn an_outcome_whose_answer_is_lost_is_told_again_and_nothing_is_sent_again() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before == 1 { 500 } else { 200 })).await;
    let (webhooks, store, _) = warm(&receiver).await;
    store.lose_settle_answers(2);
    for n in 1..4 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    let log = settled(&webhooks).await;
    wait_until(async || store.settle_answers_to_lose() == 0).await;
    assert_eq!(receiver.bodies(), numbers([0, 1, 1, 2, 3]));
    let attempts: Vec<u32> = log.iter().map(|record| record.attempt_count).collect();
    assert_eq!(attempts, [1, 2, 1, 1]);
}

#[tokio::test]
async fn a_store_that_is_slow_to_settle_holds_up_no_delivery() {
    let receiver = Receiver::start().await;
    let (webhooks, store, _) = warm(&receiver).await;
    store.settle_answers().close();
    for n in 1..10 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(10).await;
    store.settle_answers().open();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..10));
}

#[tokio::test]
async fn an_outcome_that_is_still_to_be_written_down_outlasts_a_change_of_lanes() {
    let receiver = Receiver::start().await;
    let (webhooks, store, _) = warm(&receiver).await;
    store.settle_requests().close();
    for n in 1..4 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(4).await;
    webhooks
        .upsert("crm", ["*"], config(&receiver).lanes(4))
        .await
        .unwrap();
    webhooks.emit("a", &payload(4)).await.unwrap();
    receiver.wait_for(5).await;
    store.settle_requests().open();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..5));
}

#[tokio::test]
async fn a_load_before_the_answer_to_an_append_sends_nothing_twice() {
    let receiver = Receiver::start().await;
    let (webhooks, store, first) = warm(&receiver).await;
    let emitting = emit_unanswered(&webhooks, &store, 1).await;
    // A redelivery is loaded from the store, and with it what else is pending there.
    let again = record(&webhooks, &first).await.key;
    webhooks.redeliver(again, false).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0, 1, 0]));
    store.append_answers().open();
    emitting.await.unwrap();
    webhooks.emit("a", &payload(2)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0, 1, 0, 2]));
}

#[tokio::test]
async fn what_is_discarded_before_the_answer_to_its_append_stays_discarded() {
    let receiver = Receiver::start().await;
    let (webhooks, store, first) = warm(&receiver).await;
    let emitting = emit_unanswered(&webhooks, &store, 1).await;
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    // Once this has arrived, the restarted emitter is loaded.
    let again = record(&webhooks, &first).await.key;
    webhooks.redeliver(again, false).await.unwrap();
    receiver.wait_for(2).await;
    store.append_answers().open();
    let receipt = emitting.await.unwrap();
    webhooks.emit("a", &payload(2)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0, 0, 2]));
    let discarded = record(&webhooks, &receipt).await;
    assert_eq!(discarded.state, DeliveryState::Discarded);
}

#[tokio::test]
async fn an_outcome_that_is_still_to_be_written_down_outlasts_a_restart() {
    let receiver = Receiver::start().await;
    let (webhooks, store, _) = warm(&receiver).await;
    store.settle_requests().close();
    webhooks.emit("a", &payload(1)).await.unwrap();
    receiver.wait_for(2).await;
    store.settle_requests().wait_for(2).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    webhooks.emit("a", &payload(2)).await.unwrap();
    let had_its_turn = another_emitter_delivers(&webhooks).await;
    store.settle_requests().open();
    settled(&webhooks).await;
    drop(had_its_turn);
    assert_eq!(receiver.bodies(), numbers(0..3));
}

#[tokio::test]
async fn a_head_whose_failure_is_still_to_be_written_down_stays_the_head() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before == 1 { 410 } else { 200 })).await;
    let (webhooks, store, _) = warm(&receiver).await;
    store.settle_requests().close();
    let batch = (1..3).map(|n| Event::new("a", &payload(n)).unwrap());
    webhooks.emit_batch(batch).await.unwrap();
    wait_until(async || !webhooks.is_started("crm")).await;
    webhooks.restart("crm").await.unwrap();
    let had_its_turn = another_emitter_delivers(&webhooks).await;
    store.settle_requests().open();
    settled(&webhooks).await;
    drop(had_its_turn);
    assert_eq!(receiver.bodies(), numbers([0, 1, 1, 2]));
}

//! Pause, restart and detach while a request is in flight.

use webhooks_core::{Backlog, delivery::DeliveryState};

use super::builder;
use crate::{
    another_emitter_delivers, becomes, config, emit_until_in_flight as emit, holding_the_first,
    numbers, payload, record, standing, wait_until,
};

const DISCARDED: (DeliveryState, Option<&str>) = (DeliveryState::Discarded, Some("paused"));

#[tokio::test]
async fn what_a_pause_discards_in_flight_is_delivered_by_its_2xx() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit(&webhooks, &receiver, 2).await;
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    for receipt in &receipts {
        assert_eq!(standing(&webhooks, receipt).await, DISCARDED);
    }
    gate.open();
    becomes(&webhooks, &receipts[0], DeliveryState::Delivered).await;
    assert_eq!(record(&webhooks, &receipts[0]).await.reason, None);
    assert_eq!(record(&webhooks, &receipts[0]).await.last_status, Some(200));
    assert_eq!(standing(&webhooks, &receipts[1]).await, DISCARDED);
    webhooks.restart("crm").await.unwrap();
    webhooks.emit("a", &payload(2)).await.unwrap();
    receiver.wait_for(2).await;
    assert_eq!(receiver.bodies(), numbers([0, 2]));
}

#[tokio::test]
async fn what_a_pause_discards_in_flight_is_not_tried_again_when_it_fails() {
    let (receiver, gate) = holding_the_first(500).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit(&webhooks, &receiver, 2).await;
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    gate.open();
    wait_until(async || record(&webhooks, &receipts[0]).await.attempt_count == 1).await;
    webhooks.restart("crm").await.unwrap();
    webhooks.emit("a", &payload(2)).await.unwrap();
    receiver.wait_for(2).await;
    assert_eq!(receiver.bodies(), numbers([0, 2]));
    for receipt in &receipts {
        assert_eq!(standing(&webhooks, receipt).await, DISCARDED);
    }
}

#[tokio::test]
async fn a_pause_that_keeps_lets_the_request_in_flight_finish_and_the_rest_wait() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let mut receipts = emit(&webhooks, &receiver, 3).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    gate.open();
    becomes(&webhooks, &receipts[0], DeliveryState::Delivered).await;
    receipts.push(webhooks.emit("a", &payload(3)).await.unwrap());
    for receipt in &receipts[1..] {
        let record = record(&webhooks, receipt).await;
        assert_eq!(
            (record.state, record.attempt_count),
            (DeliveryState::Pending, 0)
        );
    }
    assert_eq!(receiver.received().len(), 1);
    webhooks.restart("crm").await.unwrap();
    becomes(&webhooks, &receipts[3], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers(0..4));
}

#[tokio::test]
async fn a_request_in_flight_at_a_pause_that_keeps_is_tried_again_after_the_restart() {
    let (receiver, gate) = holding_the_first(500).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit(&webhooks, &receiver, 2).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    gate.open();
    wait_until(async || record(&webhooks, &receipts[0]).await.attempt_count == 1).await;
    webhooks.restart("crm").await.unwrap();
    becomes(&webhooks, &receipts[1], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 0, 1]));
    assert_eq!(receiver.received()[1].header("x-webhooks-attempt"), "2");
}

#[tokio::test]
async fn a_detach_lets_the_request_in_flight_finish_and_discards_the_queue() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit(&webhooks, &receiver, 3).await;
    webhooks.detach("crm").await.unwrap();
    let detached = (DeliveryState::Discarded, Some("detached"));
    for receipt in &receipts {
        assert_eq!(standing(&webhooks, receipt).await, detached);
    }
    gate.open();
    becomes(&webhooks, &receipts[0], DeliveryState::Delivered).await;
    for receipt in &receipts[1..] {
        assert_eq!(standing(&webhooks, receipt).await, detached);
    }
    assert_eq!(receiver.bodies(), numbers([0]));
}

#[tokio::test]
async fn an_emitter_attached_anew_gets_nothing_of_the_one_before() {
    let (receiver, gate) = holding_the_first(500).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit(&webhooks, &receiver, 3).await;
    webhooks.detach("crm").await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    gate.open();
    wait_until(async || record(&webhooks, &receipts[0]).await.attempt_count == 1).await;
    let receipt = webhooks.emit("a", &payload(3)).await.unwrap();
    becomes(&webhooks, &receipt, DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 3]));
    for receipt in &receipts {
        let detached = (DeliveryState::Discarded, Some("detached"));
        assert_eq!(standing(&webhooks, receipt).await, detached);
    }
}

#[tokio::test]
async fn a_restart_sends_nothing_twice_that_is_still_in_flight() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit(&webhooks, &receiver, 2).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    let had_its_turn = another_emitter_delivers(&webhooks).await;
    gate.open();
    for receipt in &receipts {
        becomes(&webhooks, receipt, DeliveryState::Delivered).await;
    }
    drop(had_its_turn);
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn a_restart_leaves_one_request_in_flight() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    emit(&webhooks, &receiver, 2).await;
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    let receipt = webhooks.emit("a", &payload(2)).await.unwrap();
    let had_its_turn = another_emitter_delivers(&webhooks).await;
    gate.open();
    becomes(&webhooks, &receipt, DeliveryState::Delivered).await;
    drop(had_its_turn);
    let received = receiver.received();
    assert!(received.iter().all(|received| received.in_flight == 1));
}

#[tokio::test]
async fn a_410_for_what_was_discarded_does_not_stop_what_was_started_anew() {
    let (receiver, gate) = holding_the_first(410).await;
    let webhooks = builder().build().await.unwrap();
    emit(&webhooks, &receiver, 1).await;
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    let receipt = webhooks.emit("a", &payload(1)).await.unwrap();
    gate.open();
    becomes(&webhooks, &receipt, DeliveryState::Delivered).await;
    assert!(webhooks.is_started("crm"));
    assert_eq!(receiver.bodies(), numbers([0, 1]));
}

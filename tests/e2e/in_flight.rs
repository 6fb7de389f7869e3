//! What becomes of a request in flight while its delivery is taken out of the queue.

use webhooks_core::{
    delivery::{DeliveryState, DiscardReason},
    store::Reason,
};

use super::builder;
use crate::{becomes, emit_until_in_flight, holding_the_first, numbers, payload, record};

const SKIPPED: Option<Reason> = Some(Reason::Discarded(DiscardReason::Skipped));
const ERASED: Option<Reason> = Some(Reason::Discarded(DiscardReason::Erased));

#[tokio::test]
async fn a_head_that_is_skipped_in_flight_is_delivered_by_its_2xx() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit_until_in_flight(&webhooks, &receiver, 2).await;
    let head = record(&webhooks, &receipts[0]).await.key;
    assert_eq!(webhooks.discard(head).await.unwrap().reason, SKIPPED);
    gate.open();
    for receipt in &receipts {
        becomes(&webhooks, receipt, DeliveryState::Delivered).await;
    }
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn a_payload_that_is_erased_in_flight_is_delivered_by_its_2xx() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit_until_in_flight(&webhooks, &receiver, 2).await;
    for _ in 0..2 {
        let erased = webhooks.erase_payload(receipts[0].message_id).await;
        erased.unwrap();
    }
    assert_eq!(record(&webhooks, &receipts[0]).await.reason, ERASED);
    gate.open();
    for receipt in &receipts {
        becomes(&webhooks, receipt, DeliveryState::Delivered).await;
    }
    assert_eq!(receiver.bodies(), numbers(0..2));
    let message = webhooks.message(receipts[0].message_id).await.unwrap();
    assert_eq!(message.unwrap().message.body, None);
}

#[tokio::test]
async fn a_redelivery_of_what_is_in_flight_sends_nothing_twice() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit_until_in_flight(&webhooks, &receiver, 2).await;
    let head = record(&webhooks, &receipts[0]).await.key;
    let again = webhooks.redeliver(head, false).await.unwrap();
    assert_eq!(again.state, DeliveryState::Pending);
    let last = webhooks.emit("a", &payload(2)).await.unwrap();
    gate.open();
    becomes(&webhooks, &last, DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers(0..3));
}

#[tokio::test]
async fn what_is_skipped_or_erased_behind_a_request_in_flight_is_passed_over() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit_until_in_flight(&webhooks, &receiver, 4).await;
    let second = record(&webhooks, &receipts[1]).await.key;
    webhooks.discard(second).await.unwrap();
    let erased = webhooks.erase_payload(receipts[2].message_id).await;
    erased.unwrap();
    gate.open();
    becomes(&webhooks, &receipts[3], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 3]));
    assert_eq!(record(&webhooks, &receipts[1]).await.reason, SKIPPED);
    assert_eq!(record(&webhooks, &receipts[2]).await.reason, ERASED);
}

#[tokio::test]
async fn a_head_that_is_skipped_in_flight_is_not_tried_again_when_it_fails() {
    let (receiver, gate) = holding_the_first(500).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit_until_in_flight(&webhooks, &receiver, 2).await;
    let head = record(&webhooks, &receipts[0]).await.key;
    webhooks.discard(head).await.unwrap();
    gate.open();
    becomes(&webhooks, &receipts[1], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
    assert_eq!(record(&webhooks, &receipts[0]).await.reason, SKIPPED);
}

#[tokio::test]
async fn a_payload_that_is_erased_in_flight_is_not_sent_again_when_it_fails() {
    let (receiver, gate) = holding_the_first(500).await;
    let webhooks = builder().build().await.unwrap();
    let receipts = emit_until_in_flight(&webhooks, &receiver, 2).await;
    let erased = webhooks.erase_payload(receipts[0].message_id).await;
    erased.unwrap();
    gate.open();
    becomes(&webhooks, &receipts[1], DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
    assert_eq!(record(&webhooks, &receipts[0]).await.reason, ERASED);
}

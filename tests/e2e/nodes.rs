//! Two nodes on one store.

use webhooks_core::{Backlog, Webhooks, WebhooksBuilder, delivery::DeliveryState};
use webhooks_tests::{Receiver, Reply, TestStore};

use crate::{becomes, builder, config, numbers, payload, settled, wait_until};

fn on(store: &TestStore) -> WebhooksBuilder {
    builder().store(store.another())
}

/// Two nodes that know of `crm`.
async fn two_nodes(store: &TestStore, receiver: &Receiver) -> [Webhooks; 2] {
    let first = on(store).build().await.unwrap();
    first.attach("crm", ["*"], config(receiver)).await.unwrap();
    [first, on(store).build().await.unwrap()]
}

#[tokio::test]
async fn what_two_nodes_emit_in_turn_arrives_in_that_order_under_failures() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before % 20 == 7 { 500 } else { 200 }))
            .await;
    let nodes = two_nodes(&super::store(), &receiver).await;
    for n in 0..100 {
        let receipt = nodes[n / 3 % 2].emit("a", &payload(n)).await.unwrap();
        assert_eq!(receipt.deliveries, 1);
    }
    let log = settled(&nodes[0]).await;
    assert!(log.iter().all(|one| one.state == DeliveryState::Delivered));
    let received = receiver.received();
    assert!(received.iter().all(|received| received.in_flight == 1));
    let mut bodies = receiver.bodies();
    bodies.dedup();
    assert_eq!(bodies, numbers(0..100));
}

#[tokio::test]
async fn a_node_that_only_emits_leaves_the_delivering_to_others() {
    let receiver = Receiver::start().await;
    let store = super::store();
    let emitting = on(&store).deliver(false).build().await.unwrap();
    emitting
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    for n in 0..5 {
        let receipt = emitting.emit("a", &payload(n)).await.unwrap();
        assert_eq!(receipt.deliveries, 1);
    }
    assert!(receiver.received().is_empty());
    let delivering = on(&store).build().await.unwrap();
    receiver.wait_for(5).await;
    for n in 5..8 {
        emitting.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(8).await;
    assert_eq!(settled(&delivering).await.len(), 8);
    assert_eq!(receiver.bodies(), numbers(0..8));
}

#[tokio::test]
async fn of_two_nodes_that_attach_at_once_one_wins_and_the_other_learns_of_it() {
    let receiver = Receiver::start().await;
    let store = super::store();
    let first = on(&store).build().await.unwrap();
    let second = on(&store).build().await.unwrap();
    let (one, other) = tokio::join!(
        first.attach("crm", ["*"], config(&receiver)),
        second.attach("crm", ["*"], config(&receiver)),
    );
    assert!(one.is_ok() != other.is_ok());
    for node in [&first, &second] {
        wait_until(async || node.is_started("crm")).await;
        assert_eq!(node.emit("a", &payload(0)).await.unwrap().deliveries, 1);
    }
    assert_eq!(settled(&first).await.len(), 2);
    assert_eq!(receiver.bodies(), numbers([0, 0]));
}

#[tokio::test]
async fn what_a_node_discards_is_not_delivered_by_another_that_has_it_in_memory() {
    let (receiver, gate) = crate::holding_the_first(200).await;
    let store = super::store();
    let [first, second] = two_nodes(&store, &receiver).await;
    let mut receipts = Vec::new();
    for n in 0..5 {
        receipts.push(first.emit("a", &payload(n)).await.unwrap());
    }
    receiver.wait_for(1).await;
    second.pause("crm", Backlog::Discard).await.unwrap();
    wait_until(async || !first.is_started("crm")).await;
    gate.open();
    becomes(&first, &receipts[0], DeliveryState::Delivered).await;
    for receipt in &receipts[1..] {
        let standing = crate::standing(&second, receipt).await;
        assert_eq!(standing, (DeliveryState::Discarded, Some("paused")));
    }
    first.restart("crm").await.unwrap();
    let last = first.emit("a", &payload(5)).await.unwrap();
    becomes(&first, &last, DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 5]));
}

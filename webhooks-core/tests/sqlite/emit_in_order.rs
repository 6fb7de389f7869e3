//! The order of what is emitted inside of transactions and outside.

use webhooks_core::Webhooks;

use crate::{
    Place, Receiver, attached, builder,
    emit_in::{application, event, run},
    numbers, payload,
};

/// What goes through each of these in turn arrives in that order.
async fn in_turn(place: &Place, receiver: &Receiver, nodes: &[&Webhooks]) {
    let application = application(place);
    for n in 0..60 {
        let webhooks = nodes[n / 4 % nodes.len()];
        if n % 3 == 1 {
            run(&application, "BEGIN IMMEDIATE");
            webhooks.emit_in(&application, event(n)).unwrap();
            run(&application, "COMMIT");
        } else {
            webhooks.emit("a", &payload(n)).await.unwrap();
        }
    }
    assert_eq!(receiver.wait_for(60).await, numbers(0..60));
}

#[tokio::test]
async fn on_one_node() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    in_turn(&place, &receiver, &[&webhooks]).await;
}

#[tokio::test]
async fn on_two_nodes_and_one_that_only_emits() {
    let place = Place::new();
    let receiver = Receiver::new();
    let first = attached(&place, &receiver).await;
    let second = attached(&place, &receiver).await;
    let emitting = builder(place.open().await, &receiver).deliver(false);
    let emitting = emitting.build().await.unwrap();
    in_turn(&place, &receiver, &[&first, &second, &emitting]).await;
}

#[tokio::test]
async fn a_commit_behind_what_is_in_flight_waits_for_its_turn() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    receiver.answers(false);
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
    run(&application, "BEGIN IMMEDIATE");
    for n in 1..3 {
        webhooks.emit_in(&application, event(n)).unwrap();
    }
    run(&application, "COMMIT");
    webhooks.emit("a", &payload(3)).await.unwrap();
    receiver.answers(true);
    assert_eq!(receiver.wait_for(4).await, numbers(0..4));
}

#[tokio::test]
async fn a_process_that_only_emits_leaves_the_delivering_to_others() {
    let place = Place::new();
    let (receiver, none) = (Receiver::new(), Receiver::new());
    let delivering = attached(&place, &receiver).await;
    let emitting = builder(place.open().await, &none).deliver(false);
    let emitting = emitting.build().await.unwrap();
    let application = application(&place);
    for n in 0..5 {
        run(&application, "BEGIN IMMEDIATE");
        let receipt = emitting.emit_in(&application, event(n)).unwrap();
        assert_eq!(receipt.deliveries, 1);
        run(&application, "COMMIT");
        receiver.wait_for(n + 1).await;
    }
    assert_eq!(receiver.bodies(), numbers(0..5));
    assert!(none.bodies().is_empty());
    drop(delivering);
}

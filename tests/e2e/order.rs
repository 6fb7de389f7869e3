//! Order, without interleaving, under failures.

use webhooks_tests::{Receiver, Reply};

use super::builder;
use crate::{config, payload, settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_emitter_has_one_request_in_flight_and_keeps_the_order_under_failures() {
    let receiver = Receiver::scripted(|_, before| {
        if before % 7 == 3 {
            Reply::status(500)
        } else {
            Reply::status(200)
        }
    })
    .await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    for n in 0..100 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    settled(&webhooks).await;
    let received = receiver.received();
    assert!(received.iter().all(|received| received.in_flight == 1));
    let mut bodies = receiver.bodies();
    bodies.dedup();
    assert_eq!(
        bodies,
        (0..100).map(|n| payload(n).to_string()).collect::<Vec<_>>()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poison_event_is_given_up_and_the_next_goes_on() {
    let receiver = Receiver::scripted(|received, _| {
        if received.body.contains(":0") {
            Reply::reset()
        } else {
            Reply::status(200)
        }
    })
    .await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    for n in 0..2 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    settled(&webhooks).await;
    let zero = payload(0).to_string();
    assert_eq!(
        receiver.bodies(),
        [zero.clone(), zero.clone(), zero, payload(1).to_string()]
    );
}

//! Emitters with many lanes, and with relaxed ordering.

use std::collections::{HashMap, HashSet};

use webhooks_core::{Event, Ordering, OrderingKey, delivery::DeliveryState};
use webhooks_tests::{Gate, Received, Receiver, Reply};

use super::builder;
use crate::{config, numbers, payload, settled};

const KEYS: usize = 8;

/// An event of the `n mod KEYS`-th ordering key.
fn of_key(n: usize) -> Event {
    let key = OrderingKey::new(format!("customer-{}", n % KEYS)).unwrap();
    Event::new("a", &payload(n)).unwrap().ordering_key(key)
}

/// The bodies by ordering key, in the order of arrival.
fn by_key(received: &[Received]) -> HashMap<String, Vec<String>> {
    let mut by_key: HashMap<_, Vec<_>> = HashMap::new();
    for one in received {
        let key = one.header("x-webhooks-ordering-key").to_owned();
        by_key.entry(key).or_default().push(one.body.clone());
    }
    by_key
}

#[tokio::test]
async fn lanes_keep_the_order_of_a_key_under_failures() {
    let receiver = Receiver::scripted(|received, _| {
        let first = received.header("x-webhooks-attempt") == "1";
        let refused = first && received.body.ends_with("3}");
        Reply::status(if refused { 500 } else { 200 })
    })
    .await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver).lanes(4))
        .await
        .unwrap();
    webhooks.emit_batch((0..80).map(of_key)).await.unwrap();
    let log = settled(&webhooks).await;
    assert!(
        log.iter()
            .all(|record| record.state == DeliveryState::Delivered)
    );
    let received = receiver.received();
    assert!(received.iter().all(|received| received.in_flight <= 4));
    for (key, mut bodies) in by_key(&received) {
        bodies.dedup();
        let first = (0..KEYS).find(|n| key == format!("customer-{n}")).unwrap();
        assert_eq!(bodies, numbers((first..80).step_by(KEYS)), "{key}");
    }
}

#[tokio::test]
async fn a_head_that_is_held_up_holds_up_its_own_lane_alone() {
    let gate = Gate::closed();
    let held = gate.clone();
    let receiver = Receiver::scripted(move |received, _| match received.body.as_str() {
        r#"{"n":0}"# => Reply::status(200).held_by(&held),
        _ => Reply::status(200),
    })
    .await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver).lanes(4))
        .await
        .unwrap();
    webhooks.emit_with(of_key(0)).await.unwrap();
    receiver.wait_for(1).await;
    webhooks.emit_batch((1..40).map(of_key)).await.unwrap();
    // Of eight keys in four lanes, some are in another lane than the one that is held up.
    receiver.wait_for(6).await;
    let of_the_held = &by_key(&receiver.received())["customer-0"];
    assert_eq!(*of_the_held, numbers([0]));
    gate.open();
    settled(&webhooks).await;
    let of_the_held = &by_key(&receiver.received())["customer-0"];
    assert_eq!(*of_the_held, numbers((0..40).step_by(KEYS)));
}

#[tokio::test]
async fn events_without_a_key_spread_over_all_lanes() {
    let gate = Gate::closed();
    let held = gate.clone();
    let receiver = Receiver::scripted(move |_, _| Reply::status(200).held_by(&held)).await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver).lanes(4))
        .await
        .unwrap();
    let events = (0..12).map(|n| Event::new("a", &payload(n)).unwrap());
    webhooks.emit_batch(events).await.unwrap();
    receiver.wait_for(4).await;
    gate.open();
    settled(&webhooks).await;
    let received = receiver.received();
    assert_eq!(received.len(), 12);
    let most = received.iter().map(|received| received.in_flight).max();
    assert_eq!(most, Some(4));
}

#[tokio::test]
async fn with_relaxed_ordering_a_failed_delivery_steps_aside() {
    let receiver = Receiver::scripted(|_, before| match before {
        0 => Reply::status(500),
        _ => Reply::status(200),
    })
    .await;
    let webhooks = builder().build().await.unwrap();
    let retry = webhooks_core::RetryPolicy::schedule([0, 1, 300].map(millis));
    let config = config(&receiver).ordering(Ordering::Relaxed).retry(retry);
    webhooks.attach("crm", ["*"], config).await.unwrap();
    let events = (0..4).map(|n| Event::new("a", &payload(n)).unwrap());
    webhooks.emit_batch(events).await.unwrap();
    let log = settled(&webhooks).await;
    let attempts: Vec<u32> = log.iter().map(|record| record.attempt_count).collect();
    assert_eq!(attempts, [2, 1, 1, 1]);
    let bodies = receiver.bodies();
    assert_eq!(bodies[..2], numbers(0..2));
    let distinct: HashSet<&String> = bodies.iter().collect();
    assert_eq!((bodies.len(), distinct.len()), (5, 4));
}

fn millis(millis: u64) -> std::time::Duration {
    std::time::Duration::from_millis(millis)
}

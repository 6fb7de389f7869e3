//! Deliveries that are given up, and what is sent again.

use std::time::Duration;

use webhooks_core::{
    ErrorKind, Jitter, RetryPolicy, Webhooks,
    delivery::{DeadReason, DeliveryKey, DeliveryState},
    env::Timestamp,
    store::Reason,
};
use webhooks_tests::{Received, Receiver, Reply};

use super::builder;
use crate::{becomes, config, numbers, payload, record, settled, wait_until};

const AT_ONCE: Duration = Duration::from_millis(1);

/// Attempts as many as asked for, with hardly a wait between them.
fn attempts(count: u32) -> RetryPolicy {
    RetryPolicy::exponential(AT_ONCE, AT_ONCE)
        .jitter(Jitter::None)
        .max_attempts(count)
}

/// A receiver that answers `status` to what carries a 0, and 200 to all others.
async fn refusing_zero(status: u16) -> Receiver {
    Receiver::scripted(move |received, _| match received.body.contains(":0") {
        true => Reply::status(status),
        false => Reply::status(200),
    })
    .await
}

/// Webhooks with `crm` attached to this receiver, and so many events emitted to it.
async fn emitted(receiver: &Receiver, retry: RetryPolicy, count: usize) -> Webhooks {
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(receiver).retry(retry))
        .await
        .unwrap();
    for n in 0..count {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    webhooks
}

/// Every delivery as it settled: its state, reason, and attempts.
async fn outcomes(webhooks: &Webhooks) -> Vec<(DeliveryState, Option<Reason>, u32)> {
    let log = settled(webhooks).await.into_iter();
    log.map(|record| (record.state, record.reason, record.attempt_count))
        .collect()
}

fn dead(reason: DeadReason, attempts: u32) -> (DeliveryState, Option<Reason>, u32) {
    (DeliveryState::Dead, Some(Reason::Dead(reason)), attempts)
}

const DELIVERED: (DeliveryState, Option<Reason>, u32) = (DeliveryState::Delivered, None, 1);

fn attempt_numbers(received: &[Received]) -> Vec<&str> {
    received
        .iter()
        .map(|received| received.header("x-webhooks-attempt"))
        .collect()
}

#[tokio::test]
async fn a_status_to_give_up_on_is_dead_at_once_and_the_next_goes_on() {
    let receiver = refusing_zero(422).await;
    let webhooks = emitted(&receiver, attempts(5).give_up_on([404, 422]), 2).await;
    assert_eq!(
        outcomes(&webhooks).await,
        [dead(DeadReason::Status, 1), DELIVERED]
    );
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn the_last_attempt_gives_up_and_the_next_goes_on() {
    let receiver = refusing_zero(500).await;
    let webhooks = emitted(&receiver, attempts(3).give_up_on([404, 422]), 2).await;
    assert_eq!(
        outcomes(&webhooks).await,
        [dead(DeadReason::MaxAttempts, 3), DELIVERED]
    );
    assert_eq!(receiver.bodies(), numbers([0, 0, 0, 1]));
}

#[tokio::test]
async fn a_delivery_whose_next_attempt_would_come_too_late_is_dead_and_the_next_goes_on() {
    let receiver = refusing_zero(500).await;
    let (soon, age) = (Duration::from_millis(20), Duration::from_millis(10));
    let retry = RetryPolicy::exponential(soon, soon).jitter(Jitter::None);
    let webhooks = emitted(&receiver, retry.max_age(age), 2).await;
    assert_eq!(
        outcomes(&webhooks).await,
        [dead(DeadReason::MaxAge, 1), DELIVERED]
    );
}

#[tokio::test]
async fn a_schedule_gives_up_at_its_end() {
    let receiver = refusing_zero(500).await;
    let webhooks = emitted(&receiver, RetryPolicy::schedule([AT_ONCE; 2]), 2).await;
    assert_eq!(
        outcomes(&webhooks).await,
        [dead(DeadReason::MaxAttempts, 2), DELIVERED]
    );
}

#[tokio::test]
async fn a_dead_delivery_that_is_redelivered_arrives_with_the_same_id_and_counts_on() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before < 2 { 500 } else { 200 })).await;
    let webhooks = emitted(&receiver, attempts(2), 1).await;
    let key = settled(&webhooks).await.remove(0).key;
    let queued = webhooks.redeliver(key, false).await.unwrap();
    assert_eq!(
        (queued.state, queued.reason),
        (DeliveryState::Pending, None)
    );
    assert_eq!(
        outcomes(&webhooks).await,
        [(DeliveryState::Delivered, None, 3)]
    );
    let received = receiver.received();
    assert_eq!(attempt_numbers(&received), ["1", "2", "3"]);
    for one in &received {
        assert_eq!(one.header("webhook-id"), received[0].header("webhook-id"));
        assert_eq!(one.body, payload(0).to_string());
    }
}

#[tokio::test]
async fn a_redelivery_has_all_its_attempts_again() {
    let receiver = refusing_zero(500).await;
    let webhooks = emitted(&receiver, attempts(2), 1).await;
    let key = settled(&webhooks).await.remove(0).key;
    webhooks.redeliver(key, false).await.unwrap();
    receiver.wait_for(4).await;
    assert_eq!(
        outcomes(&webhooks).await,
        [dead(DeadReason::MaxAttempts, 4)]
    );
    assert_eq!(attempt_numbers(&receiver.received()), ["1", "2", "3", "4"]);
}

#[tokio::test]
async fn a_redelivery_with_a_fresh_id_is_a_new_message_and_the_dead_one_stays() {
    let receiver = refusing_zero(500).await;
    let webhooks = emitted(&receiver, attempts(1), 1).await;
    let key = settled(&webhooks).await.remove(0).key;
    let fresh = webhooks.redeliver(key.clone(), true).await.unwrap();
    assert_ne!(fresh.key.message_id, key.message_id);
    receiver.wait_for(2).await;
    assert_eq!(
        outcomes(&webhooks).await,
        [
            dead(DeadReason::MaxAttempts, 1),
            dead(DeadReason::MaxAttempts, 1)
        ]
    );
    let received = receiver.received();
    let ids = [key.message_id, fresh.key.message_id].map(|id| id.to_string());
    for (received, id) in received.iter().zip(&ids) {
        assert_eq!(received.header("webhook-id"), id);
    }
}

#[tokio::test]
async fn a_redelivery_goes_behind_what_is_pending() {
    let receiver = Receiver::scripted(|_, before| match before {
        0 => Reply::status(422),
        _ => Reply::status(200),
    })
    .await;
    let webhooks = emitted(&receiver, attempts(1), 1).await;
    let key = settled(&webhooks).await.remove(0).key;
    webhooks
        .pause("crm", webhooks_core::Backlog::Keep)
        .await
        .unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    webhooks.redeliver(key, false).await.unwrap();
    let last = webhooks.emit("a", &payload(2)).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    becomes(&webhooks, &last, DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 1, 0, 2]));
}

#[tokio::test]
async fn a_replay_of_the_dead_sends_them_in_their_old_order_and_nothing_else() {
    let receiver = Receiver::scripted(|received, before| {
        let refused = before < 5 && !received.body.contains(":2");
        Reply::status(if refused { 500 } else { 200 })
    })
    .await;
    let webhooks = emitted(&receiver, attempts(1), 5).await;
    settled(&webhooks).await;
    let (id, since) = ("crm".try_into().unwrap(), Timestamp::default());
    let replayed = webhooks
        .replay(id, since, None, vec![DeliveryState::Dead], false)
        .await;
    assert_eq!(replayed.unwrap(), 4);
    let received = receiver.wait_for(9).await;
    assert_eq!(receiver.bodies()[5..], numbers([0, 1, 3, 4]));
    assert_eq!(attempt_numbers(&received[5..]), ["2"; 4]);
    let delivered =
        |record: &webhooks_core::store::DeliveryRecord| record.state == DeliveryState::Delivered;
    wait_until(async || settled(&webhooks).await.iter().all(delivered)).await;
}

#[tokio::test]
async fn what_cannot_be_redelivered_says_why() {
    let receiver = refusing_zero(500).await;
    let webhooks = emitted(&receiver, attempts(1), 2).await;
    let log = settled(&webhooks).await;
    let (erased, kept) = (log[0].key.clone(), log[1].key.clone());
    webhooks.erase_payload(erased.message_id).await.unwrap();
    let unknown = DeliveryKey {
        emitter: "unknown".try_into().unwrap(),
        ..kept.clone()
    };
    let redeliver = async |key: &DeliveryKey| {
        let again = webhooks.redeliver(key.clone(), false).await;
        again.unwrap_err().kind()
    };
    assert_eq!(redeliver(&erased).await, ErrorKind::PayloadErased);
    assert_eq!(redeliver(&unknown).await, ErrorKind::NotFound);
    webhooks.detach("crm").await.unwrap();
    assert_eq!(redeliver(&kept).await, ErrorKind::NotFound);
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn a_dead_delivery_that_is_redelivered_while_paused_waits_for_the_restart() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before < 1 { 500 } else { 200 })).await;
    let webhooks = emitted(&receiver, attempts(1), 0).await;
    let receipt = webhooks.emit("a", &payload(0)).await.unwrap();
    becomes(&webhooks, &receipt, DeliveryState::Dead).await;
    webhooks
        .pause("crm", webhooks_core::Backlog::Discard)
        .await
        .unwrap();
    let key = record(&webhooks, &receipt).await.key;
    webhooks.redeliver(key, false).await.unwrap();
    assert_eq!(receiver.received().len(), 1);
    webhooks.restart("crm").await.unwrap();
    becomes(&webhooks, &receipt, DeliveryState::Delivered).await;
    assert_eq!(receiver.bodies(), numbers([0, 0]));
}

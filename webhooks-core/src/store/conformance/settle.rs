//! What became of attempts.

use std::sync::Arc;

use super::{World, traffic::retry_at};
use crate::{
    delivery::{AttemptFailure, AttemptOutcome, DeadReason, DeliveryState},
    store::{SettleOutcome, Verdict},
    transport::AttemptErrorKind,
};

pub async fn a_delivery_that_is_taken_is_done(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    world.pass(std::time::Duration::from_secs(1));
    let outcome = world.end(&owner, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Settled);
    let record = world.record(&sent.key).await;
    assert_eq!(record.state, DeliveryState::Delivered);
    assert_eq!((record.reason, record.next_attempt_at), (None, None));
    assert_eq!(record.settled_at, Some(world.now()));
    assert_eq!((record.attempt_count, record.last_status), (1, Some(200)));
    assert!(world.load(&owner).await.is_empty());
}

pub async fn a_delivery_that_is_given_up_says_why(world: World) {
    let owner = world.owned("crm").await;
    for (reason, word) in [
        (DeadReason::MaxAttempts, "max_attempts"),
        (DeadReason::MaxAge, "max_age"),
        (DeadReason::Status, "status"),
    ] {
        let sent = world.emit(&owner).await;
        let outcome = world.end(&owner, &sent, 1, Verdict::Dead(reason)).await;
        assert_eq!(outcome, SettleOutcome::Settled);
        let record = world.record(&sent.key).await;
        assert_eq!(record.state, DeliveryState::Dead);
        assert_eq!(record.reason.unwrap().as_str(), word);
    }
    assert!(world.load(&owner).await.is_empty());
}

pub async fn attempts_come_back_oldest_first(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let mut expected = Vec::new();
    for number in 1..=3 {
        let verdict = match number {
            3 => Verdict::Delivered,
            _ => retry_at(number, world.now(), world.now()),
        };
        let mut settlement = world.settlement(&owner, &sent, number, verdict);
        if number == 2 {
            let attempt = Arc::make_mut(&mut settlement.attempt);
            attempt.outcome = AttemptOutcome::Failed(AttemptFailure {
                kind: AttemptErrorKind::Timeout,
                message: "no answer within 15 s".into(),
            });
            attempt.remote_addr = Some("203.0.113.7:443".parse().unwrap());
            attempt.response_truncated = true;
        }
        expected.push(settlement.attempt.clone());
        let outcomes = world.settle(owner.node, vec![settlement]).await;
        assert_eq!(outcomes, [SettleOutcome::Settled]);
        let record = world.record(&sent.key).await;
        assert_eq!(record.attempt_count, number);
        assert_eq!(record.last_error.is_some(), number == 2);
        world.pass(std::time::Duration::from_secs(1));
    }
    let detail = world.store.delivery(sent.key).await.unwrap().unwrap();
    assert!(detail.attempts == expected, "{:?}", detail.attempts);
}

pub async fn a_settlement_sent_again_changes_nothing(world: World) {
    let owner = world.owned("crm").await;
    let (taken, retried) = (world.emit(&owner).await, world.emit(&owner).await);
    let settlements = vec![
        world.settlement(&owner, &taken, 1, Verdict::Delivered),
        world.settlement(&owner, &retried, 1, retry_at(1, world.now(), world.now())),
    ];
    for _ in 0..2 {
        let outcomes = world.settle(owner.node, settlements.clone()).await;
        assert_eq!(outcomes, [SettleOutcome::Settled; 2]);
        assert_eq!(world.record(&taken.key).await.attempt_count, 1);
        assert_eq!(world.record(&retried.key).await.attempt_count, 1);
        world.pass(std::time::Duration::from_secs(1));
    }
}

pub async fn a_delivery_that_is_not_there_is_gone(world: World) {
    let owner = world.owned("crm").await;
    let mut sent = world.emit(&owner).await;
    sent.key.message_id = crate::event::MessageId::generate(&world.env);
    let outcome = world.end(&owner, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Gone);
}

pub async fn a_settled_delivery_is_not_settled_otherwise(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    world.end(&owner, &sent, 1, Verdict::Delivered).await;
    world.pass(std::time::Duration::from_secs(1));
    let verdict = Verdict::Dead(DeadReason::Status);
    let outcome = world.end(&owner, &sent, 2, verdict).await;
    assert_eq!(outcome, SettleOutcome::Superseded);
    let record = world.record(&sent.key).await;
    assert_eq!(record.state, DeliveryState::Delivered);
    assert_eq!(record.attempt_count, 2);
}

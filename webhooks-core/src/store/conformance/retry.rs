//! When a failed delivery is due again.

use std::time::Duration;

use super::World;
use crate::{
    delivery::{DeliveryState, Progress},
    store::{SettleOutcome, Verdict},
};

pub async fn progress_comes_back_as_it_was_settled(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let progress = Progress {
        attempts: 1,
        attempts_since_queued: 1,
        first_attempt_at: Some(world.now()),
        due: world.now().saturating_add(Duration::from_micros(1_234_567)),
    };
    let outcome = world.end(&owner, &sent, 1, Verdict::Retry(progress)).await;
    assert_eq!(outcome, SettleOutcome::Settled);
    let rows = world.load(&owner).await;
    assert_eq!(rows[0].progress, progress);
    assert_eq!(rows[0].seq, sent.seq, "it keeps its place");
    let record = world.record(&sent.key).await;
    assert_eq!(record.state, DeliveryState::Pending);
    assert_eq!(record.next_attempt_at, Some(progress.due));
    assert_eq!((record.settled_at, record.last_status), (None, Some(500)));
}

pub async fn progress_survives_a_takeover(world: World) {
    let first = world.owned("crm").await;
    let sent = world.emit(&first).await;
    let due = world.now().saturating_add(Duration::from_secs(3_600));
    let verdict = super::traffic::retry_at(1, world.now(), due);
    world.end(&first, &sent, 1, verdict).await;
    world.lapse().await;
    let second = world.own(world.node().await, &first.emitter).await;
    let rows = world.load(&second).await;
    assert!(matches!(verdict, Verdict::Retry(progress) if progress == rows[0].progress));
}

pub async fn a_first_attempt_is_due_as_appended(world: World) {
    let owner = world.owned("crm").await;
    let mut to = world.to(&owner.emitter, Some(owner.epoch));
    to.due = world.now().saturating_add(Duration::from_secs(7));
    let message = world.message("order.created");
    world.send(owner.node, message, to.clone()).await;
    assert_eq!(
        world.load(&owner).await[0].progress,
        Progress::queued(to.due)
    );
}

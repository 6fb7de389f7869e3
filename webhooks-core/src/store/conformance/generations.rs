//! What was emitted before a queue was begun anew is never sent after it.

use super::World;
use crate::{
    delivery::DeliveryState,
    emitter::Backlog,
    store::{Fate, SettleOutcome, StateChange, Verdict},
};

pub async fn attach_draws_a_new_generation(world: World) {
    let first = world.attach("crm").await;
    world.detach("crm").await;
    let second = world.attach("crm").await;
    assert!(second.generation() > first.generation());
    let sent = world.emit_elsewhere(&first).await;
    assert_eq!(sent.fate, Fate::Stale, "of the one before");
    assert_eq!(world.state(&sent.key).await, DeliveryState::Discarded);
}

pub async fn pause_with_discard_draws_a_new_generation(world: World) {
    let owner = world.owned("crm").await;
    let paused = world
        .changed("crm", StateChange::Pause(Backlog::Discard))
        .await;
    assert!(paused.generation() > owner.emitter.generation());
    let late = world.emit(&owner).await;
    assert_eq!(late.fate, Fate::Stale);
    let record = world.record(&late.key).await;
    assert_eq!(record.reason.unwrap().as_str(), "paused");
    assert!(world.load(&owner).await.is_empty());
}

pub async fn keep_restart_and_upsert_keep_the_generation(world: World) {
    let first = world.attach("crm").await;
    let kept = world
        .changed("crm", StateChange::Pause(Backlog::Keep))
        .await;
    let restarted = world.changed("crm", StateChange::Restart).await;
    assert_eq!(kept.generation(), first.generation());
    assert_eq!(restarted.generation(), first.generation());
    assert_eq!(
        world.emit_elsewhere(&first).await.fate,
        Fate::Withheld,
        "still current"
    );
}

pub async fn what_was_in_flight_at_a_detach_can_settle(world: World) {
    let owner = world.owned("crm").await;
    let (taken, failed) = (world.emit(&owner).await, world.emit(&owner).await);
    world.detach("crm").await;
    assert_eq!(world.state(&taken.key).await, DeliveryState::Discarded);
    let outcome = world.end(&owner, &taken, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Superseded);
    assert_eq!(world.state(&taken.key).await, DeliveryState::Delivered);
    let verdict = super::traffic::retry_at(1, world.now(), world.now());
    let outcome = world.end(&owner, &failed, 1, verdict).await;
    assert_eq!(outcome, SettleOutcome::Superseded);
    let record = world.record(&failed.key).await;
    assert_eq!(record.state, DeliveryState::Discarded);
    assert_eq!(record.reason.unwrap().as_str(), "detached");
    assert_eq!(record.attempt_count, 1, "the attempt is recorded");
}

pub async fn an_emitter_attached_again_starts_empty(world: World) {
    let owner = world.owned("crm").await;
    world.emit(&owner).await;
    world.detach("crm").await;
    let emitter = world.attach("crm").await;
    let again = world.own(owner.node, &emitter).await;
    assert!(world.load(&again).await.is_empty());
    let sent = world.emit(&again).await;
    assert_eq!(world.pending(&again).await, [sent.key.message_id]);
}

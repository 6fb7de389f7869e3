//! Pausing, restarting and disabling.

use super::{World, fencing};
use crate::{
    delivery::DeliveryState,
    emitter::{Backlog, DisabledReason, EmitterState},
    store::{Fate, Health, SettleOutcome, StateChange, StateOutcome, Verdict},
};

const KEEP: StateChange = StateChange::Pause(Backlog::Keep);
const DISCARD: StateChange = StateChange::Pause(Backlog::Discard);
const DISABLE: StateChange = StateChange::Disable(DisabledReason::Failing);

pub async fn keep_keeps_what_is_queued_and_takes_more(world: World) {
    let owner = world.owned("crm").await;
    let first = world.emit(&owner).await;
    let paused = world.changed("crm", KEEP).await;
    assert_eq!(paused.state(), EmitterState::Paused(Backlog::Keep));
    let second = world.emit(&owner).await;
    assert_eq!(second.fate, Fate::Straight);
    world.changed("crm", StateChange::Restart).await;
    let ids = [first.key.message_id, second.key.message_id];
    assert_eq!(world.pending(&owner).await, ids);
}

pub async fn discard_discards_what_is_queued(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    world.changed("crm", DISCARD).await;
    let record = world.record(&sent.key).await;
    assert_eq!(record.state, DeliveryState::Discarded);
    assert_eq!(record.reason.unwrap().as_str(), "paused");
    assert_eq!(record.settled_at, Some(world.now()));
    world.changed("crm", StateChange::Restart).await;
    assert!(world.load(&owner).await.is_empty(), "it stays discarded");
}

pub async fn what_was_in_flight_at_a_discard_can_settle(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    world.changed("crm", DISCARD).await;
    let outcome = world.end(&owner, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Superseded);
    let record = world.record(&sent.key).await;
    assert_eq!(
        (record.state, record.reason),
        (DeliveryState::Delivered, None)
    );
}

pub async fn a_paused_emitter_can_be_paused_otherwise(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    world.changed("crm", KEEP).await;
    let same = world.change("crm", KEEP).await;
    assert!(matches!(same, StateOutcome::Unchanged(_)), "{same:?}");
    let discarding = world.changed("crm", DISCARD).await;
    assert_eq!(discarding.state(), EmitterState::Paused(Backlog::Discard));
    assert_eq!(world.state(&sent.key).await, DeliveryState::Discarded);
    let again = world.changed("crm", DISCARD).await;
    assert!(again.generation() > discarding.generation());
    let keeping = world.changed("crm", KEEP).await;
    assert_eq!(keeping.state(), EmitterState::Paused(Backlog::Keep));
    assert_eq!(keeping.generation(), again.generation());
}

pub async fn disable_keeps_what_is_queued(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let disabled = world.changed("crm", DISABLE).await;
    assert_eq!(
        disabled.state(),
        EmitterState::Disabled(DisabledReason::Failing)
    );
    assert_eq!(world.state(&sent.key).await, DeliveryState::Pending);
    let active = world.changed("crm", StateChange::Restart).await;
    assert_eq!(active.state(), EmitterState::Active);
    assert_eq!(world.pending(&owner).await, [sent.key.message_id]);
}

pub async fn only_an_active_emitter_is_disabled(world: World) {
    world.attach("crm").await;
    world.changed("crm", KEEP).await;
    let StateOutcome::Unchanged(found) = world.change("crm", DISABLE).await else {
        panic!("it is paused");
    };
    assert_eq!(found.state(), EmitterState::Paused(Backlog::Keep));
}

pub async fn a_disabled_emitter_can_be_paused(world: World) {
    world.attach("crm").await;
    world.changed("crm", DISABLE).await;
    let paused = world.changed("crm", KEEP).await;
    assert_eq!(paused.state(), EmitterState::Paused(Backlog::Keep));
}

pub async fn restart_of_an_active_emitter_changes_nothing(world: World) {
    world.attach("crm").await;
    let outcome = world.change("crm", StateChange::Restart).await;
    assert!(matches!(outcome, StateOutcome::Unchanged(_)), "{outcome:?}");
}

pub async fn restart_forgets_health(world: World) {
    let owner = world.owned("crm").await;
    let failing = Health {
        consecutive_failures: 9,
        cooling_until: Some(world.now()),
        failing_since: Some(world.now()),
    };
    fencing::write_health(&world, &owner, failing).await;
    world.changed("crm", KEEP).await;
    assert_eq!(fencing::health(&world).await, failing);
    world.changed("crm", StateChange::Restart).await;
    assert_eq!(fencing::health(&world).await, Health::default());
}

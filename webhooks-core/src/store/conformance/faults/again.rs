//! Sending again, and discarding.

use super::support::{faulty, lost};
use crate::{
    delivery::DeliveryState,
    env::Timestamp,
    event::MessageId,
    store::{
        DiscardOutcome, Redeliver, RedeliverOutcome, Replay,
        conformance::{World, world::emitter_id},
        fault::Operation,
    },
};

pub async fn what_is_sent_again_twice_is_queued_once(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let (first, second) = (world.emit_dead(&owner).await, world.emit_dead(&owner).await);
    let redeliver = |key, fresh| Redeliver {
        key,
        fresh,
        due: world.now(),
        now: world.now(),
    };
    let again = redeliver(first.key.clone(), None);
    let call = world.store.redeliver(again.clone());
    lost(&store, Operation::Redeliver, call).await;
    let outcome = world.store.redeliver(again).await.unwrap();
    assert!(
        matches!(outcome, RedeliverOutcome::Pending(_)),
        "{outcome:?}"
    );
    let fresh = MessageId::generate(&world.env);
    let again = redeliver(second.key, Some(fresh));
    let call = world.store.redeliver(again.clone());
    lost(&store, Operation::Redeliver, call).await;
    let outcome = world.store.redeliver(again).await.unwrap();
    assert!(
        matches!(outcome, RedeliverOutcome::Queued(_)),
        "{outcome:?}"
    );
    let expected = [first.key.message_id, fresh];
    assert_eq!(world.pending(&owner).await, expected);
}

pub async fn a_lost_replay_asked_for_again_queues_nothing_twice(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let sent = [
        world.emit_dead(&owner).await.key.message_id,
        world.emit_dead(&owner).await.key.message_id,
    ];
    let replay = Replay {
        emitter: emitter_id("crm"),
        since: Timestamp::from_micros(0),
        until: None,
        states: Vec::new(),
        due: world.now(),
        now: world.now(),
    };
    let call = world.store.replay(replay.clone(), None);
    lost(&store, Operation::Replay, call).await;
    assert_eq!(world.store.replay(replay, None).await.unwrap(), 0);
    assert_eq!(world.pending(&owner).await, sent);
}

pub async fn a_lost_discard_is_told_when_it_is_asked_for_again(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let call = world.store.discard(sent.key.clone(), world.now());
    lost(&store, Operation::Discard, call).await;
    let again = world.store.discard(sent.key.clone(), world.now());
    let DiscardOutcome::NotPending(record) = again.await.unwrap() else {
        panic!("it is discarded already");
    };
    assert_eq!(record.state, DeliveryState::Discarded);
}

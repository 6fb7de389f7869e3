//! Sending many deliveries again.

use std::{sync::Arc, time::Duration};

use super::{
    World,
    traffic::Sent,
    world::{Owner, emitter_id},
};
use crate::{
    delivery::DeliveryState,
    env::Timestamp,
    event::MessageId,
    store::{Fate, Replay, Verdict},
};

pub async fn settled_deliveries_come_back_in_their_old_order(world: World) {
    let owner = world.owned("crm").await;
    let sent = settled(&world, &owner).await;
    let waiting = world.emit(&owner).await;
    assert_eq!(replay(&world, all(&world)).await, 3);
    let mut ids: Vec<_> = sent.iter().map(|sent| sent.key.message_id).collect();
    ids.insert(0, waiting.key.message_id);
    assert_eq!(world.emit(&owner).await.fate, Fate::Withheld);
    assert_eq!(world.pending(&owner).await[..4], ids);
}

pub async fn replay_takes_the_states_asked_for(world: World) {
    let owner = world.owned("crm").await;
    let [taken, dead, skipped] = settled(&world, &owner).await;
    for (state, expected) in [
        (DeliveryState::Discarded, &skipped),
        (DeliveryState::Dead, &dead),
        (DeliveryState::Delivered, &taken),
    ] {
        let states = vec![state];
        let one = Replay {
            states,
            ..all(&world)
        };
        assert_eq!(replay(&world, one).await, 1, "{state}");
        let last = *world.pending(&owner).await.last().unwrap();
        assert_eq!(last, expected.key.message_id, "{state}");
    }
    assert_eq!(replay(&world, all(&world)).await, 0, "all are pending");
}

pub async fn replay_takes_the_times_asked_for(world: World) {
    let owner = world.owned("crm").await;
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(world.emit_dead(&owner).await);
        world.pass(Duration::from_secs(600));
    }
    let created = |at: usize| {
        let key = &sent[at].key;
        let world = &world;
        async move { world.record(key).await.created_at }
    };
    let some = Replay {
        since: created(1).await,
        until: Some(created(3).await),
        ..all(&world)
    };
    assert_eq!(replay(&world, some).await, 2);
    let ids = [sent[1].key.message_id, sent[2].key.message_id];
    assert_eq!(world.pending(&owner).await, ids);
}

pub async fn replay_leaves_out_what_is_erased_or_of_others(world: World) {
    let owner = world.owned("crm").await;
    let other = world.owned("other").await;
    let erased = world.emit_dead(&owner).await;
    let kept = world.emit_dead(&owner).await;
    world.emit_dead(&other).await;
    let erasing = world
        .store
        .erase_payload(erased.key.message_id, world.now());
    assert!(erasing.await.unwrap());
    assert_eq!(replay(&world, all(&world)).await, 1);
    assert_eq!(world.pending(&owner).await, [kept.key.message_id]);
    assert!(world.pending(&other).await.is_empty());
}

pub async fn replay_can_make_fresh_messages(world: World) {
    let owner = world.owned("crm").await;
    let sent = settled(&world, &owner).await;
    let env = world.env.clone();
    let fresh: Arc<dyn Fn() -> MessageId + Send + Sync> =
        Arc::new(move || MessageId::generate(&env));
    let count = world.store.replay(all(&world), Some(fresh)).await.unwrap();
    assert_eq!(count, 3);
    let pending = world.pending(&owner).await;
    assert_eq!(pending.len(), 3);
    assert!(pending.windows(2).all(|pair| pair[0] < pair[1]));
    for old in &sent {
        assert!(!pending.contains(&old.key.message_id));
        assert_ne!(world.state(&old.key).await, DeliveryState::Pending);
    }
}

pub async fn replay_of_an_unknown_emitter_finds_none(world: World) {
    assert_eq!(replay(&world, all(&world)).await, 0);
}

/// One delivered, one dead, one discarded.
async fn settled(world: &World, owner: &Owner) -> [Sent; 3] {
    let taken = world.emit(owner).await;
    world.end(owner, &taken, 1, Verdict::Delivered).await;
    let dead = world.emit_dead(owner).await;
    let skipped = world.emit(owner).await;
    let discarded = world.store.discard(skipped.key.clone(), world.now());
    discarded.await.unwrap();
    [taken, dead, skipped]
}

fn all(world: &World) -> Replay {
    Replay {
        emitter: emitter_id("crm"),
        since: Timestamp::from_micros(0),
        until: None,
        states: Vec::new(),
        due: world.now(),
        now: world.now(),
    }
}

async fn replay(world: &World, replay: Replay) -> u64 {
    world.store.replay(replay, None).await.unwrap()
}

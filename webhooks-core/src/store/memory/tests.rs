use std::sync::Arc;

use super::{MemoryLimits, MemoryStore};
use crate::{
    ErrorKind,
    delivery::DeliveryState,
    env::Timestamp,
    event::IdempotencyKey,
    store::{
        Append, Appended, Fate, NewMessage, RedeliverOutcome, Replay, Store, Verdict,
        conformance::{
            World,
            traffic::{new, rows},
            world::emitter_id,
        },
    },
};

mod suite {
    use super::*;

    async fn empty() -> Arc<dyn Store> {
        Arc::new(MemoryStore::new())
    }

    crate::conformance_tests!(empty);
}

async fn world(limits: MemoryLimits) -> World {
    World::new(move || async move { Arc::new(MemoryStore::with_limits(limits)) as Arc<dyn Store> })
        .await
}

fn limits() -> MemoryLimits {
    MemoryLimits::default()
}

#[tokio::test]
async fn a_full_queue_fails_that_delivery_alone() {
    let world = world(limits().pending_per_emitter(2)).await;
    let (full, free) = (world.owned("full").await, world.owned("free").await);
    world.emit(&full).await;
    world.emit(&full).await;
    let message = world.message("order.created");
    let id = message.id;
    let deliveries = vec![
        world.to(&full.emitter, Some(full.epoch)),
        world.to(&free.emitter, None),
    ];
    let appended = world
        .append(full.node, vec![new(message, deliveries)])
        .await;
    let fates: Vec<_> = rows(&appended[0]).iter().map(|row| row.fate).collect();
    assert_eq!(fates, [Fate::QueueFull, Fate::Withheld]);
    let detail = world.store.message(id).await.unwrap().unwrap();
    assert_eq!(detail.deliveries[1].state, DeliveryState::Dead);
    assert_eq!(detail.deliveries[1].reason.unwrap().as_str(), "queue_full");
    assert_eq!(detail.deliveries[0].state, DeliveryState::Pending);
    let outcome = world.redeliver(&detail.deliveries[1].key).await;
    assert_eq!(outcome, RedeliverOutcome::QueueFull);
    assert_eq!(world.load(&full).await.len(), 2);
}

#[tokio::test]
async fn a_full_store_takes_all_of_a_batch_or_nothing() {
    let world = world(limits().pending(3)).await;
    let owner = world.owned("crm").await;
    let batch = |count: usize| Append {
        node: owner.node,
        messages: (0..count).map(|_| message_to(&world, &owner)).collect(),
        now: world.now(),
    };
    world.store.append(batch(2)).await.unwrap();
    let error = world.store.append(batch(2)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::QueueFull);
    assert!(error.is_retryable());
    assert_eq!(world.load(&owner).await.len(), 2, "nothing of it is there");
    world.store.append(batch(1)).await.unwrap();
    assert_eq!(world.load(&owner).await.len(), 3);
}

#[tokio::test]
async fn what_is_not_queued_needs_no_room() {
    let world = world(limits().pending(2).pending_per_emitter(1)).await;
    let owner = world.owned("crm").await;
    let gone = world.owned("gone").await;
    world.detach("gone").await;
    let mut keyed = message_to(&world, &owner);
    keyed.idempotency = Some((IdempotencyKey::new("key").unwrap(), [1; 32]));
    let mut repeated = message_to(&world, &owner);
    repeated.idempotency = keyed.idempotency.clone();
    let batch = vec![
        keyed.clone(),
        keyed,
        repeated,
        message_to(&world, &gone),
        message_to(&world, &owner),
    ];
    let appended = world.append(owner.node, batch).await;
    assert_eq!(rows(&appended[1])[0].fate, Fate::Withheld, "sent again");
    assert!(matches!(appended[2], Appended::Duplicate(_)));
    assert_eq!(rows(&appended[3])[0].fate, Fate::Stale);
    assert_eq!(rows(&appended[4])[0].fate, Fate::QueueFull);
}

#[tokio::test]
async fn the_log_forgets_what_settled_first_and_never_what_is_pending() {
    let world = world(limits().settled(3)).await;
    let owner = world.owned("crm").await;
    let waiting = world.emit(&owner).await;
    let mut settled = Vec::new();
    for _ in 0..5 {
        settled.push(world.emit_dead(&owner).await);
    }
    for (at, sent) in settled.iter().enumerate() {
        let found = world.store.message(sent.key.message_id).await.unwrap();
        assert_eq!(found.is_some(), at >= 2, "{at}");
    }
    assert_eq!(world.pending(&owner).await, [waiting.key.message_id]);
}

#[tokio::test]
async fn the_log_is_bounded_by_bytes_that_are_counted_exactly() {
    // A settled delivery of the suite's has 9 bytes of body, 24 of headers and 4 of response.
    let world = world(limits().log_bytes(2 * 37)).await;
    let owner = world.owned("crm").await;
    let first = world.emit_dead(&owner).await;
    world.redeliver(&first.key).await;
    let erased = world.emit_dead(&owner).await.key.message_id;
    assert!(
        world
            .store
            .erase_payload(erased, world.now())
            .await
            .unwrap()
    );
    // 28 of the pending one, 28 of the erased one: 18 are left.
    let third = world.emit(&owner).await;
    world
        .store
        .discard(third.key.clone(), world.now())
        .await
        .unwrap();
    let fourth = world.emit(&owner).await;
    world
        .store
        .discard(fourth.key.clone(), world.now())
        .await
        .unwrap();
    assert!(world.store.message(erased).await.unwrap().is_some());
    let fifth = world.emit(&owner).await;
    world
        .store
        .discard(fifth.key.clone(), world.now())
        .await
        .unwrap();
    assert!(world.store.message(erased).await.unwrap().is_none());
    for sent in [first, third, fourth, fifth] {
        world.record(&sent.key).await;
    }
}

#[tokio::test]
async fn the_oldest_idempotency_key_goes_first() {
    let world = world(limits().idempotency_keys(2)).await;
    let node = world.node().await;
    let keyed = |key: &str| {
        let mut message = new(world.message("order.created"), Vec::new());
        message.idempotency = Some((IdempotencyKey::new(key).unwrap(), [0; 32]));
        message
    };
    for key in ["a", "b", "c"] {
        rows(&world.append(node, vec![keyed(key)]).await[0]);
    }
    let again = world.append(node, vec![keyed("c"), keyed("b")]).await;
    assert!(
        again
            .iter()
            .all(|one| matches!(one, Appended::Duplicate(_)))
    );
    rows(&world.append(node, vec![keyed("a")]).await[0]);
}

#[tokio::test]
async fn a_replay_stops_at_the_bound() {
    let world = world(limits().pending_per_emitter(2)).await;
    let owner = world.owned("crm").await;
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(world.emit_dead(&owner).await.key.message_id);
    }
    let replay = Replay {
        emitter: emitter_id("crm"),
        since: Timestamp::from_micros(0),
        until: None,
        states: Vec::new(),
        due: world.now(),
        now: world.now(),
    };
    assert_eq!(world.store.replay(replay, None).await.unwrap(), 2);
    assert_eq!(world.pending(&owner).await, sent[..2]);
}

#[tokio::test]
async fn a_list_that_matches_little_is_scanned_in_parts() {
    let world = world(limits()).await;
    let rare = world.owned("rare").await;
    let common = world.owned("common").await;
    world
        .append(rare.node, vec![message_to(&world, &rare)])
        .await;
    let many = (0..10_000).map(|_| message_to(&world, &common)).collect();
    world.append(common.node, many).await;
    let mut filter = crate::store::DeliveryFilter {
        emitter: Some(emitter_id("rare")),
        ..Default::default()
    };
    let first = world.store.deliveries(filter.clone()).await.unwrap();
    assert_eq!(first.items, []);
    filter.cursor = first.next;
    assert!(filter.cursor.is_some(), "there is more");
    let second = world.store.deliveries(filter).await.unwrap();
    assert_eq!((second.items.len(), second.next), (1, None));
}

#[tokio::test]
async fn clones_share_everything() {
    let store = MemoryStore::new();
    let other = store.clone();
    let world = World::new(move || {
        let store = store.clone();
        async move { Arc::new(store) as Arc<dyn Store> }
    })
    .await;
    world.attach("crm").await;
    assert_eq!(other.emitters().await.unwrap().emitters.len(), 1);
}

#[tokio::test]
async fn a_dead_nodes_lease_of_a_detached_emitter_is_let_go() {
    let world = world(limits()).await;
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    world.detach("crm").await;
    world.lapse().await;
    assert_eq!(world.lease(world.node().await, None, 10).await, []);
    let outcome = world.end(&owner, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, crate::store::SettleOutcome::Fenced);
}

fn message_to(world: &World, owner: &crate::store::conformance::world::Owner) -> NewMessage {
    let to = world.to(&owner.emitter, Some(owner.epoch));
    new(world.message("order.created"), vec![to])
}

//! Forgetting what is old.

use std::time::Duration;

use super::{
    World,
    traffic::{Sent, new},
};
use crate::{
    env::Timestamp,
    store::{Prune, RedeliverOutcome, Verdict},
};

pub async fn prune_forgets_what_settled_long_ago(world: World) {
    let owner = world.owned("crm").await;
    let old = world.emit_dead(&owner).await;
    let waiting = world.emit(&owner).await;
    world.pass(Duration::from_secs(60));
    let recent = world.emit_dead(&owner).await;
    assert_eq!(prune(&world, world.now(), 100).await, 1);
    let found = world.store.message(old.key.message_id).await.unwrap();
    assert!(found.is_none(), "the message goes with its last delivery");
    world.record(&waiting.key).await;
    world.record(&recent.key).await;
}

pub async fn prune_is_limited(world: World) {
    let owner = world.owned("crm").await;
    for _ in 0..5 {
        world.emit_dead(&owner).await;
    }
    world.pass(Duration::from_secs(1));
    let counts = [
        prune(&world, world.now(), 2).await,
        prune(&world, world.now(), 2).await,
        prune(&world, world.now(), 2).await,
        prune(&world, world.now(), 2).await,
    ];
    assert_eq!(counts, [2, 2, 1, 0]);
}

pub async fn a_message_stays_for_its_other_deliveries(world: World) {
    let owner = world.owned("a").await;
    let other = world.attach("b").await;
    let message = world.message("order.created");
    let id = message.id;
    let deliveries = vec![
        world.to(&owner.emitter, Some(owner.epoch)),
        world.to(&other, None),
    ];
    let appended = world
        .append(owner.node, vec![new(message, deliveries)])
        .await;
    let sent = super::traffic::Sent {
        key: crate::delivery::DeliveryKey {
            message_id: id,
            emitter: owner.emitter.id.clone(),
        },
        seq: super::traffic::rows(&appended[0])[0].seq,
        fate: super::traffic::rows(&appended[0])[0].fate,
    };
    world.end(&owner, &sent, 1, Verdict::Delivered).await;
    world.pass(Duration::from_secs(1));
    assert_eq!(prune(&world, world.now(), 100).await, 1);
    let detail = world.store.message(id).await.unwrap().unwrap();
    assert_eq!(detail.deliveries.len(), 1);
    assert_eq!(detail.deliveries[0].key.emitter, *other.id());
}

pub async fn a_delivery_sent_again_is_not_old(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit_dead(&owner).await;
    world.redeliver(&sent.key).await;
    world.pass(Duration::from_secs(1));
    assert_eq!(prune(&world, world.now(), 100).await, 0);
    world.record(&sent.key).await;
}

pub async fn what_was_sent_again_is_as_old_as_its_last_end(world: World) {
    let owner = world.owned("crm").await;
    let again = world.emit_dead(&owner).await;
    let old = world.emit_dead(&owner).await;
    world.pass(Duration::from_secs(2));
    let RedeliverOutcome::Queued(record) = world.redeliver(&again.key).await else {
        panic!("it settled");
    };
    let seq = record.seq;
    let again = Sent { seq, ..again };
    world.end(&owner, &again, 2, Verdict::Delivered).await;
    let before = world.now().saturating_sub(Duration::from_secs(1));
    assert_eq!(prune(&world, before, 100).await, 1);
    assert!(
        world
            .store
            .message(old.key.message_id)
            .await
            .unwrap()
            .is_none()
    );
    let detail = world.store.delivery(again.key.clone()).await.unwrap();
    assert_eq!(detail.unwrap().attempts.len(), 2);
    world.pass(Duration::from_secs(2));
    assert_eq!(prune(&world, world.now(), 100).await, 1);
    assert!(world.store.delivery(again.key).await.unwrap().is_none());
}

pub async fn what_is_pending_is_passed_over(world: World) {
    let owner = world.owned("crm").await;
    let mut kept = Vec::new();
    for _ in 0..3 {
        kept.push(world.emit(&owner).await.key.message_id);
        world.emit_dead(&owner).await;
        kept.push(world.emit(&owner).await.key.message_id);
    }
    world.pass(Duration::from_secs(1));
    let mut pruned = 0;
    // Each call goes on where the last one ended, or begins anew.
    for _ in 0..12 {
        pruned += prune(&world, world.now(), 1).await;
    }
    assert_eq!(pruned, 3);
    assert_eq!(world.pending(&owner).await, kept);
}

pub async fn payloads_are_erased_before_their_deliveries(world: World) {
    let owner = world.owned("crm").await;
    let old = world.emit_dead(&owner).await;
    let waiting = world.emit(&owner).await;
    world.pass(Duration::from_secs(60));
    let recent = world.emit_dead(&owner).await;
    let prune = Prune {
        settled_before: Timestamp::from_micros(0),
        payloads_before: Some(world.now()),
        idempotency_before: Timestamp::from_micros(0),
        limit: 100,
        now: world.now(),
    };
    let pruned = world.store.prune(prune).await.unwrap();
    assert_eq!(
        (pruned.deliveries, pruned.payloads, pruned.more),
        (0, 1, false)
    );
    for (sent, erased) in [(&old, true), (&waiting, false), (&recent, false)] {
        let found = world.store.message(sent.key.message_id).await.unwrap();
        assert_eq!(found.unwrap().message.body.is_none(), erased);
    }
    let again = world.store.prune(prune).await.unwrap();
    assert_eq!(again.payloads, 0);
    assert_eq!(
        world.redeliver(&old.key).await,
        RedeliverOutcome::PayloadErased
    );
}

async fn prune(world: &World, settled_before: Timestamp, limit: usize) -> usize {
    let prune = Prune {
        settled_before,
        payloads_before: None,
        idempotency_before: Timestamp::from_micros(0),
        limit,
        now: world.now(),
    };
    let pruned = world.store.prune(prune).await.unwrap();
    assert_eq!(pruned.more, pruned.deliveries == limit);
    pruned.deliveries
}

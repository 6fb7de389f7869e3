//! Appending and settling.

use std::time::Duration;

use super::support::{batch, faulty, lost};
use crate::{
    event::{IdempotencyKey, MessageId},
    store::{
        Appended, Fate, Settle, SettleOutcome, Verdict,
        conformance::{
            World,
            traffic::{new, retry_at, rows},
        },
        fault::{Fault, Operation},
    },
};

pub async fn a_refused_append_stores_nothing(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let to = world.to(&owner.emitter, Some(owner.epoch));
    let message = world.message("order.created");
    let batch = batch(&world, &owner, vec![new(message, vec![to])]);
    store.strike_nth_of(Operation::Append, 1, Fault::Refused);
    assert!(world.store.append(batch.clone()).await.is_err());
    assert!(world.load(&owner).await.is_empty());
    let appended = world.store.append(batch).await.unwrap();
    assert_eq!(rows(&appended[0])[0].fate, Fate::Straight);
    assert_eq!(world.load(&owner).await.len(), 1);
}

pub async fn a_lost_append_sent_again_is_no_duplicate(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let mut messages = Vec::new();
    for at in 0..3 {
        let to = world.to(&owner.emitter, Some(owner.epoch));
        let mut message = new(world.message("order.created"), vec![to]);
        if at == 1 {
            let key = IdempotencyKey::new("key").unwrap();
            message.idempotency = Some((key, [1; 32]));
        }
        messages.push(message);
    }
    let ids: Vec<MessageId> = messages.iter().map(|new| new.message.id).collect();
    let batch = batch(&world, &owner, messages);
    lost(&store, Operation::Append, world.store.append(batch.clone())).await;
    let again = world.store.append(batch).await.unwrap();
    for appended in &again {
        assert_eq!(rows(appended)[0].fate, Fate::Withheld, "{again:?}");
    }
    assert_eq!(world.pending(&owner).await, ids, "once, in their order");
    assert_eq!(world.store.stats(world.now()).await.unwrap().all.pending, 3);
}

pub async fn a_lost_append_of_another_message_is_a_repetition(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let keyed = || {
        let to = world.to(&owner.emitter, Some(owner.epoch));
        let mut message = new(world.message("order.created"), vec![to]);
        message.idempotency = Some((IdempotencyKey::new("key").unwrap(), [1; 32]));
        message
    };
    let (first, second) = (keyed(), keyed());
    let id = first.message.id;
    let first = batch(&world, &owner, vec![first]);
    lost(&store, Operation::Append, world.store.append(first)).await;
    let again = world.append(owner.node, vec![second]).await;
    let Appended::Duplicate(receipt) = &again[0] else {
        panic!("the key repeats: {again:?}");
    };
    assert_eq!((receipt.message_id, receipt.deliveries), (id, 1));
    assert_eq!(world.pending(&owner).await, [id]);
}

pub async fn a_lost_settlement_told_again_counts_once(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let (taken, failed) = (world.emit(&owner).await, world.emit(&owner).await);
    let due = world.now().saturating_add(Duration::from_secs(9));
    let settle = Settle {
        node: owner.node,
        settlements: vec![
            world.settlement(&owner, &taken, 1, Verdict::Delivered),
            world.settlement(&owner, &failed, 1, retry_at(1, due, due)),
        ],
        health: Vec::new(),
        now: world.now(),
    };
    lost(
        &store,
        Operation::Settle,
        world.store.settle(settle.clone()),
    )
    .await;
    let again = world.store.settle(settle).await.unwrap();
    assert_eq!(again, [SettleOutcome::Settled; 2]);
    for sent in [&taken, &failed] {
        assert_eq!(world.record(&sent.key).await.attempt_count, 1);
    }
    let all = world.store.stats(world.now()).await.unwrap().all;
    assert_eq!((all.pending, all.total.delivered), (1, 1));
}

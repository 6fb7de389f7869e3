//! Events that are emitted again under their key.

use std::time::Duration;

use super::{
    World,
    traffic::{Sent, new, rows},
};
use crate::{
    delivery::DeliveryKey,
    env::Timestamp,
    event::{IdempotencyKey, Tenant},
    store::{Appended, Fate, NewMessage, Prune, Pruned, Receipt, Verdict},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub async fn a_key_that_repeats_has_the_first_receipt(world: World) {
    let node = world.node().await;
    let emitter = world.attach("crm").await;
    let mut first = keyed(&world, "key", 1);
    first.deliveries = vec![world.to(&emitter, None)];
    let receipt = receipt_of(&first, 1);
    rows(&world.append(node, vec![first]).await[0]);
    world.pass(DAY - Duration::from_micros(1));
    let mut again = keyed(&world, "key", 1);
    again.deliveries = vec![world.to(&emitter, None)];
    assert_duplicate(&world.append(node, vec![again]).await[0], &receipt);
    let owner = world.own(world.node().await, &emitter).await;
    assert_eq!(world.load(&owner).await.len(), 1, "nothing new");
}

pub async fn a_key_with_another_event_is_a_mismatch(world: World) {
    let node = world.node().await;
    world.append(node, vec![keyed(&world, "key", 1)]).await;
    let other = keyed(&world, "key", 2);
    let id = other.message.id;
    let appended = world.append(node, vec![other]).await;
    assert!(
        matches!(appended[0], Appended::IdempotencyMismatch),
        "{appended:?}"
    );
    assert!(world.store.message(id).await.unwrap().is_none());
}

pub async fn a_key_is_forgotten_after_a_day(world: World) {
    let node = world.node().await;
    world.append(node, vec![keyed(&world, "key", 1)]).await;
    world.pass(DAY);
    rows(&world.append(node, vec![keyed(&world, "key", 2)]).await[0]);
    let again = world.append(node, vec![keyed(&world, "key", 1)]).await;
    assert!(
        matches!(again[0], Appended::IdempotencyMismatch),
        "it stands for the later event now: {again:?}"
    );
}

pub async fn a_key_can_be_pruned(world: World) {
    let node = world.node().await;
    world.append(node, vec![keyed(&world, "key", 1)]).await;
    world.pass(Duration::from_secs(1));
    let prune = Prune {
        settled_before: world.now(),
        payloads_before: None,
        idempotency_before: world.now(),
        limit: 100,
        now: world.now(),
    };
    let pruned = world.store.prune(prune).await.unwrap();
    assert_eq!(pruned, Pruned::default());
    rows(&world.append(node, vec![keyed(&world, "key", 2)]).await[0]);
}

pub async fn an_event_without_listeners_is_remembered(world: World) {
    let node = world.node().await;
    let first = keyed(&world, "key", 1);
    let receipt = receipt_of(&first, 0);
    world.append(node, vec![first]).await;
    let again = world.append(node, vec![keyed(&world, "key", 1)]).await;
    assert_duplicate(&again[0], &receipt);
}

pub async fn a_key_that_repeats_within_a_batch_is_one(world: World) {
    let node = world.node().await;
    let first = keyed(&world, "key", 1);
    let receipt = receipt_of(&first, 0);
    let batch = vec![
        first,
        keyed(&world, "key", 1),
        keyed(&world, "key", 2),
        keyed(&world, "other", 2),
    ];
    let appended = world.append(node, batch).await;
    rows(&appended[0]);
    assert_duplicate(&appended[1], &receipt);
    assert!(matches!(appended[2], Appended::IdempotencyMismatch));
    rows(&appended[3]);
}

pub async fn a_key_is_of_one_tenant(world: World) {
    let node = world.node().await;
    world.append(node, vec![keyed(&world, "key", 1)]).await;
    let mut message = world.message("order.created");
    message.tenant = Some(Tenant::new("acme").unwrap());
    let mut other = new(message, Vec::new());
    other.idempotency = Some((IdempotencyKey::new("key").unwrap(), [2; 32]));
    rows(&world.append(node, vec![other]).await[0]);
}

pub async fn a_message_sent_again_is_no_duplicate_of_itself(world: World) {
    let node = world.node().await;
    let emitter = world.attach("crm").await;
    let mut listened = keyed(&world, "a", 1);
    listened.deliveries = vec![world.to(&emitter, None)];
    let alone = keyed(&world, "b", 1);
    let batch = vec![listened, alone];
    let first = world.append(node, batch.clone()).await;
    let again = world.append(node, batch).await;
    assert_eq!(rows(&again[0]), rows(&first[0]));
    assert_eq!(rows(&again[1]), []);
}

pub async fn a_message_sent_again_after_it_was_forgotten_is_gone(world: World) {
    let owner = world.owned("crm").await;
    let mut message = keyed(&world, "key", 1);
    message.deliveries = vec![world.to(&owner.emitter, Some(owner.epoch))];
    let id = message.message.id;
    let appended = world.append(owner.node, vec![message.clone()]).await;
    let sent = Sent {
        key: DeliveryKey {
            message_id: id,
            emitter: owner.emitter.id.clone(),
        },
        seq: rows(&appended[0])[0].seq,
        fate: rows(&appended[0])[0].fate,
    };
    world.end(&owner, &sent, 1, Verdict::Delivered).await;
    world.pass(Duration::from_secs(1));
    let prune = Prune {
        settled_before: world.now(),
        payloads_before: None,
        idempotency_before: Timestamp::from_micros(0),
        limit: 100,
        now: world.now(),
    };
    assert_eq!(world.store.prune(prune).await.unwrap().deliveries, 1);
    let again = world.append(owner.node, vec![message]).await;
    let fates: Vec<_> = rows(&again[0]).iter().map(|row| row.fate).collect();
    assert_eq!(fates, [Fate::Stale], "one for each of its deliveries");
    assert!(world.store.message(id).await.unwrap().is_none());
}

pub async fn a_receipt_does_not_count_what_was_not_queued(world: World) {
    let node = world.node().await;
    let (gone, emitter) = (world.attach("gone").await, world.attach("crm").await);
    world.detach("gone").await;
    let mut first = keyed(&world, "key", 1);
    first.deliveries = vec![world.to(&gone, None), world.to(&emitter, None)];
    let receipt = receipt_of(&first, 1);
    world.append(node, vec![first]).await;
    let again = world.append(node, vec![keyed(&world, "key", 1)]).await;
    assert_duplicate(&again[0], &receipt);
}

fn keyed(world: &World, key: &str, fingerprint: u8) -> NewMessage {
    let mut message = new(world.message("order.created"), Vec::new());
    message.idempotency = Some((IdempotencyKey::new(key).unwrap(), [fingerprint; 32]));
    message
}

fn receipt_of(new: &NewMessage, deliveries: usize) -> Receipt {
    Receipt {
        delivery_id: new.message.delivery_id.clone(),
        message_id: new.message.id,
        deliveries,
    }
}

fn assert_duplicate(appended: &Appended, expected: &Receipt) {
    match appended {
        Appended::Duplicate(receipt) => assert_eq!(receipt, expected),
        other => panic!("the key repeats: {other:?}"),
    }
}

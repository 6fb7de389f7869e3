//! Discarding one delivery, and erasing payloads.

use super::World;
use crate::{
    delivery::DeliveryState,
    event::MessageId,
    store::{DiscardOutcome, SettleOutcome, Verdict},
};

pub async fn a_pending_delivery_is_discarded(world: World) {
    let owner = world.owned("crm").await;
    let (head, next) = (world.emit(&owner).await, world.emit(&owner).await);
    let outcome = world.store.discard(head.key.clone(), world.now());
    let DiscardOutcome::Discarded(record) = outcome.await.unwrap() else {
        panic!("it is pending");
    };
    assert_eq!(record, world.record(&head.key).await);
    assert_eq!(record.state, DeliveryState::Discarded);
    assert_eq!(record.reason.unwrap().as_str(), "skipped");
    assert_eq!(world.pending(&owner).await, [next.key.message_id]);
}

pub async fn only_a_pending_delivery_is_discarded(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit_dead(&owner).await;
    let outcome = world.store.discard(sent.key.clone(), world.now());
    let outcome = outcome.await.unwrap();
    assert_eq!(
        outcome,
        DiscardOutcome::NotPending(world.record(&sent.key).await)
    );
    let mut unknown = sent.key;
    unknown.message_id = MessageId::generate(&world.env);
    let outcome = world.store.discard(unknown, world.now()).await.unwrap();
    assert_eq!(outcome, DiscardOutcome::NotFound);
}

pub async fn what_is_in_flight_at_a_discard_can_settle(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let outcome = world.store.discard(sent.key.clone(), world.now());
    outcome.await.unwrap();
    let outcome = world.end(&owner, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Superseded);
    assert_eq!(world.state(&sent.key).await, DeliveryState::Delivered);
}

pub async fn an_erased_payload_is_gone_and_not_sent(world: World) {
    let owner = world.owned("crm").await;
    let (sent, other) = (world.emit(&owner).await, world.emit(&owner).await);
    let id = sent.key.message_id;
    assert!(world.store.erase_payload(id, world.now()).await.unwrap());
    let detail = world
        .store
        .delivery(sent.key.clone())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(detail.message.body, None);
    assert_eq!(detail.message.size, 9, "its size is known");
    assert_eq!(detail.record.state, DeliveryState::Discarded);
    assert_eq!(detail.record.reason.unwrap().as_str(), "erased");
    assert_eq!(world.pending(&owner).await, [other.key.message_id]);
    assert!(world.store.erase_payload(id, world.now()).await.unwrap());
}

pub async fn erasing_leaves_settled_deliveries_as_they_are(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit_dead(&owner).await;
    let before = world.record(&sent.key).await;
    let erased = world.store.erase_payload(sent.key.message_id, world.now());
    assert!(erased.await.unwrap());
    assert_eq!(world.record(&sent.key).await, before);
}

pub async fn an_unknown_payload_is_not_erased(world: World) {
    let id = MessageId::generate(&world.env);
    assert!(!world.store.erase_payload(id, world.now()).await.unwrap());
}

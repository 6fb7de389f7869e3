//! What an append stores and what it says of it.

use super::{
    World,
    traffic::{new, rows},
};
use crate::{
    delivery::DeliveryState,
    event::{OrderingKey, TraceParent},
    store::Fate,
};

pub async fn an_appended_message_comes_back_as_it_was(world: World) {
    let owner = world.owned("crm").await;
    let mut message = world.message("order.created");
    message.ordering_key = Some(OrderingKey::new("customer-17").unwrap());
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    message.trace_parent = Some(TraceParent::new(trace).unwrap());
    let to = world.to(&owner.emitter, Some(owner.epoch));
    let sent = world.send(owner.node, message.clone(), to).await;
    let loaded = world.load(&owner).await;
    assert_eq!(*loaded[0].message, message);
    assert_eq!(loaded[0].progress.attempts, 0);
    assert_eq!(loaded[0].progress.due, world.now());
    let detail = world.store.message(message.id).await.unwrap().unwrap();
    assert_eq!(*detail.message, message);
    assert_eq!(detail.deliveries, [world.record(&sent.key).await]);
    let record = &detail.deliveries[0];
    assert_eq!(record.state, DeliveryState::Pending);
    assert_eq!(record.ordering_key, message.ordering_key);
    assert_eq!(record.next_attempt_at, Some(world.now()));
    assert_eq!((record.attempt_count, record.settled_at), (0, None));
}

pub async fn a_message_goes_to_each_of_its_emitters(world: World) {
    let (b, a) = (world.attach("b").await, world.attach("a").await);
    let node = world.node().await;
    let owner = world.own(node, &a).await;
    let message = world.message("order.created");
    let id = message.id;
    let deliveries = vec![world.to(&b, None), world.to(&a, Some(owner.epoch))];
    let appended = world.append(node, vec![new(message, deliveries)]).await;
    let fates: Vec<_> = rows(&appended[0]).iter().map(|row| row.fate).collect();
    assert_eq!(fates, [Fate::Withheld, Fate::Straight]);
    let detail = world.store.message(id).await.unwrap().unwrap();
    let emitters: Vec<_> = detail
        .deliveries
        .iter()
        .map(|one| &one.key.emitter)
        .collect();
    assert_eq!(emitters, [a.id(), b.id()], "by emitter");
}

pub async fn a_message_without_deliveries_is_fine(world: World) {
    let node = world.node().await;
    let message = world.message("order.created");
    let appended = world.append(node, vec![new(message, Vec::new())]).await;
    assert_eq!(rows(&appended[0]), []);
}

pub async fn an_empty_batch_is_fine(world: World) {
    let node = world.node().await;
    assert!(world.append(node, Vec::new()).await.is_empty());
}

pub async fn a_message_sent_again_is_not_stored_again(world: World) {
    let owner = world.owned("crm").await;
    let message = world.message("order.created");
    let to = world.to(&owner.emitter, Some(owner.epoch));
    let first = world.send(owner.node, message.clone(), to.clone()).await;
    let again = world.send(owner.node, message, to).await;
    assert_eq!(again.seq, first.seq);
    assert_eq!(again.fate, Fate::Withheld, "it may be in memory already");
    assert_eq!(world.load(&owner).await.len(), 1);
}

pub async fn an_append_for_a_detached_emitter_is_stale(world: World) {
    let emitter = world.attach("crm").await;
    world.detach("crm").await;
    let sent = world.emit_elsewhere(&emitter).await;
    assert_eq!(sent.fate, Fate::Stale);
    let record = world.record(&sent.key).await;
    assert_eq!(record.state, DeliveryState::Discarded);
    assert_eq!(record.reason.unwrap().as_str(), "detached");
    assert_eq!(record.settled_at, Some(world.now()));
}

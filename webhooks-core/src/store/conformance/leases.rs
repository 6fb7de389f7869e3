//! Who owns an emitter.

use super::{World, world::emitter_id};
use crate::{
    emitter::{Backlog, DisabledReason},
    store::{Loaded, Renewal, StateChange},
};

pub async fn an_emitter_has_one_owner(world: World) {
    let owner = world.owned("crm").await;
    let other = world.node().await;
    let asked = Some(vec![emitter_id("crm")]);
    assert_eq!(world.lease(other, asked.clone(), 10).await, []);
    let again = world.lease(owner.node, asked, 10).await;
    assert_eq!(again.len(), 1);
    assert_eq!(again[0].epoch, owner.epoch, "it is the owner's already");
}

pub async fn leases_come_with_what_is_asked_for(world: World) {
    let node = world.node().await;
    world.attach("a").await;
    world.attach("b").await;
    let asked = vec![emitter_id("b"), emitter_id("unknown"), emitter_id("b")];
    let leases = world.lease(node, Some(asked), 10).await;
    assert_eq!(leases.len(), 1);
    assert_eq!(leases[0].emitter, emitter_id("b"));
}

pub async fn a_lease_request_is_limited(world: World) {
    let node = world.node().await;
    for id in ["a", "b", "c"] {
        let emitter = world.attach(id).await;
        world.emit_elsewhere(&emitter).await;
    }
    let asked = Some(["a", "b", "c"].map(emitter_id).to_vec());
    assert_eq!(world.lease(node, None, 2).await.len(), 2);
    assert_eq!(world.lease(node, asked.clone(), 2).await.len(), 2);
    assert_eq!(world.lease(node, asked, 3).await.len(), 3);
}

pub async fn any_means_active_with_work_and_without_owner(world: World) {
    let idle = world.attach("idle").await;
    let paused = world.attach("paused").await;
    let busy = world.attach("busy").await;
    let owner = world.owned("owned").await;
    world.emit(&owner).await;
    for emitter in [&paused, &busy] {
        world.emit_elsewhere(emitter).await;
    }
    world
        .changed("paused", StateChange::Pause(Backlog::Keep))
        .await;
    let leases = world.lease(world.node().await, None, 10).await;
    let found: Vec<_> = leases.iter().map(|lease| &lease.emitter).collect();
    assert_eq!(found, [busy.id()], "neither {} nor the others", idle.id());
    world.changed("paused", StateChange::Restart).await;
    let leases = world.lease(world.node().await, None, 10).await;
    let found: Vec<_> = leases.iter().map(|lease| &lease.emitter).collect();
    assert_eq!(found, [paused.id()]);
}

pub async fn an_emitter_that_is_not_active_is_not_leased(world: World) {
    let node = world.node().await;
    for (id, change) in [
        ("kept", StateChange::Pause(Backlog::Keep)),
        ("discarded", StateChange::Pause(Backlog::Discard)),
        ("disabled", StateChange::Disable(DisabledReason::Gone)),
    ] {
        world.attach(id).await;
        world.changed(id, change).await;
        let leases = world.lease(node, Some(vec![emitter_id(id)]), 1).await;
        assert_eq!(leases, [], "{id}");
    }
}

pub async fn a_lease_given_back_is_free(world: World) {
    let first = world.owned("crm").await;
    let wrong = vec![(first.emitter.id.clone(), first.epoch + 1)];
    world.store.give_back(first.node, wrong).await.unwrap();
    let other = world.node().await;
    let right = vec![(first.emitter.id.clone(), first.epoch)];
    world.store.give_back(other, right.clone()).await.unwrap();
    let asked = Some(vec![first.emitter.id.clone()]);
    assert_eq!(
        world.lease(other, asked, 1).await,
        [],
        "neither gave it back"
    );
    world.store.give_back(first.node, right).await.unwrap();
    let second = world.own(other, &first.emitter).await;
    assert!(second.epoch > first.epoch);
}

pub async fn a_lapsed_node_is_taken_over_and_told(world: World) {
    let first = world.owned("crm").await;
    let sent = world.emit(&first).await;
    world.lapse().await;
    let second = world.own(world.node().await, &first.emitter).await;
    assert!(second.epoch > first.epoch);
    assert_eq!(world.renew(first.node).await, Renewal::Dead);
    let asked = Some(vec![emitter_id("crm")]);
    assert_eq!(world.lease(first.node, asked, 1).await, []);
    assert_eq!(world.pending(&second).await, [sent.key.message_id]);
    let loaded = world.try_load(world.load_of(&first)).await;
    assert!(matches!(loaded, Loaded::NotOwner), "{loaded:?}");
}

pub async fn a_lapsed_node_loses_what_has_work_to_any_request(world: World) {
    let first = world.owned("crm").await;
    world.emit(&first).await;
    let other = world.node().await;
    assert_eq!(world.lease(other, None, 10).await, []);
    world.lapse().await;
    world.renew(other).await;
    let leases = world.lease(other, None, 10).await;
    assert_eq!(leases.len(), 1);
    assert!(leases[0].epoch > first.epoch);
}

pub async fn a_dead_node_loses_all_that_it_has(world: World) {
    let node = world.node().await;
    let (a, b) = (world.attach("a").await, world.attach("b").await);
    world.own(node, &a).await;
    world.own(node, &b).await;
    world.lapse().await;
    let other = world.node().await;
    world.own(other, &a).await;
    assert_eq!(world.renew(node).await, Renewal::Dead);
    world.own(other, &b).await;
}

pub async fn a_lapsed_node_that_nobody_took_over_goes_on(world: World) {
    let owner = world.owned("crm").await;
    world.lapse().await;
    assert!(matches!(
        world.renew(owner.node).await,
        Renewal::Alive { .. }
    ));
    let asked = Some(vec![emitter_id("crm")]);
    let other = world.node().await;
    assert_eq!(world.lease(other, asked, 1).await, []);
    world.emit(&owner).await;
    assert_eq!(world.load(&owner).await.len(), 1);
}

pub async fn an_unknown_node_leases_nothing(world: World) {
    world.attach("crm").await;
    let node = crate::store::NodeId::generate(&world.env);
    let asked = Some(vec![emitter_id("crm")]);
    assert_eq!(world.lease(node, asked, 1).await, []);
}

pub async fn epochs_grow_across_detach_and_attach(world: World) {
    let first = world.owned("crm").await;
    world.detach("crm").await;
    let back = vec![(first.emitter.id.clone(), first.epoch)];
    world.store.give_back(first.node, back).await.unwrap();
    let second = world.owned("crm").await;
    assert!(second.epoch > first.epoch);
}

//! Emitters, their leases and their loads.

use super::support::{faulty, lost};
use crate::{
    delivery::DeliveryState,
    emitter::Backlog,
    store::{
        LeaseRequest, Put, PutEmitter, PutOutcome, SetState, StateChange, StateOutcome,
        conformance::{World, world::emitter_id},
        fault::Operation,
    },
};

pub async fn a_lost_attach_leaves_one_emitter(world: World) {
    let (world, store) = faulty(world);
    let put = |put| PutEmitter {
        emitter: world.emitter("crm"),
        put,
        now: world.now(),
    };
    let attach = world.store.put_emitter(put(Put::Attach));
    lost(&store, Operation::PutEmitter, attach).await;
    let upsert = Put::Upsert {
        replace_keys: false,
    };
    for again in [Put::Attach, upsert] {
        match world.put(world.emitter("crm"), again).await {
            PutOutcome::Exists(found) | PutOutcome::Unchanged(found) => {
                let table = world.store.emitters().await.unwrap();
                assert_eq!(table.emitters.len(), 1);
                assert_eq!(table.emitters[0].generation(), found.generation());
            }
            other => panic!("it is there already: {other:?}"),
        }
    }
}

pub async fn a_lost_lease_comes_when_it_is_asked_for_again(world: World) {
    let (world, store) = faulty(world);
    let emitter = world.attach("crm").await;
    let sent = world.emit_elsewhere(&emitter).await;
    let node = world.node().await;
    let any = LeaseRequest {
        node,
        emitters: None,
        recount: false,
        limit: 10,
        now: world.now(),
    };
    lost(&store, Operation::Lease, world.store.lease(any.clone())).await;
    // The node owns it by now, and it is marked: it must load it.
    let again = world.store.lease(any).await.unwrap();
    assert_eq!(again.len(), 1);
    let owner = world.own(node, &emitter).await;
    assert_eq!(owner.epoch, again[0].epoch);
    assert_eq!(world.pending(&owner).await, [sent.key.message_id]);
}

pub async fn a_lost_load_loses_no_row(world: World) {
    let (world, store) = faulty(world);
    let emitter = world.attach("crm").await;
    let sent = world.emit_elsewhere(&emitter).await;
    let owner = world.own(world.node().await, &emitter).await;
    let load = world.store.load(vec![world.load_of(&owner)]);
    lost(&store, Operation::Load, load).await;
    assert_eq!(world.pending(&owner).await, [sent.key.message_id]);
}

pub async fn a_lost_change_of_an_emitter_is_done_once(world: World) {
    let (world, store) = faulty(world);
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let set = |change| SetState {
        emitter: emitter_id("crm"),
        change,
        now: world.now(),
    };
    let discard = StateChange::Pause(Backlog::Discard);
    let call = world.store.set_state(set(discard));
    lost(&store, Operation::SetState, call).await;
    world.changed("crm", discard).await;
    assert_eq!(world.state(&sent.key).await, DeliveryState::Discarded);
    let call = world.store.set_state(set(StateChange::Restart));
    lost(&store, Operation::SetState, call).await;
    let restarted = world.change("crm", StateChange::Restart).await;
    assert!(
        matches!(&restarted, StateOutcome::Unchanged(found) if found.state().is_active()),
        "{restarted:?}"
    );
    let call = world.store.remove_emitter(emitter_id("crm"), world.now());
    lost(&store, Operation::RemoveEmitter, call).await;
    assert!(!world.detach("crm").await, "it is gone already");
    let all = world.store.stats(world.now()).await.unwrap().all;
    assert_eq!((all.pending, all.total.discarded), (0, 1));
}

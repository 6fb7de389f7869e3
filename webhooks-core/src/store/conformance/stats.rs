//! Counting.

use std::time::Duration;

use super::{World, world::emitter_id};
use crate::{
    emitter::Backlog,
    env::Timestamp,
    store::{Prune, QueueStats, Settled, StateChange, Stats, Verdict},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

async fn stats(world: &World) -> Stats {
    world.store.stats(world.now()).await.unwrap()
}

fn settled(delivered: u64, dead: u64, discarded: u64) -> Settled {
    Settled {
        delivered,
        dead,
        discarded,
    }
}

pub async fn what_is_pending_and_what_settled_is_counted(world: World) {
    assert_eq!(stats(&world).await, Stats::default());
    let a = world.owned("a").await;
    let b = world.owned("b").await;
    world.attach("idle").await;
    for _ in 0..3 {
        let sent = world.emit(&a).await;
        world.end(&a, &sent, 1, Verdict::Delivered).await;
    }
    let dead = world.emit_dead(&a).await;
    world.emit(&b).await;
    world.emit(&b).await;
    world
        .change("b", StateChange::Pause(Backlog::Discard))
        .await;
    world.emit_elsewhere(&a.emitter).await;
    let found = stats(&world).await;
    let queue = |pending, settled| QueueStats {
        pending,
        total: settled,
        last_hour: settled,
        last_day: settled,
    };
    assert_eq!(found.all, queue(1, settled(3, 1, 2)));
    assert_eq!(found.emitters[&emitter_id("a")], queue(1, settled(3, 1, 0)));
    assert_eq!(found.emitters[&emitter_id("b")], queue(0, settled(0, 0, 2)));
    world.redeliver(&dead.key).await;
    let again = stats(&world).await.all;
    assert_eq!(again, queue(2, settled(3, 1, 2)), "it settled once");
}

pub async fn counts_tell_the_last_hour_and_day_apart(world: World) {
    let owner = world.owned("crm").await;
    world.emit_dead(&owner).await;
    world.pass(2 * HOUR);
    world.lapse().await;
    let owner = world.own(world.node().await, &owner.emitter).await;
    world.emit_dead(&owner).await;
    let found = stats(&world).await.all;
    assert_eq!(
        (found.last_hour.dead, found.last_day.dead, found.total.dead),
        (1, 2, 2)
    );
    world.pass(24 * HOUR);
    let found = stats(&world).await.all;
    assert_eq!(
        (found.last_hour.dead, found.last_day.dead, found.total.dead),
        (0, 1, 2)
    );
}

pub async fn what_was_pruned_goes_on_counting(world: World) {
    let owner = world.owned("crm").await;
    world.emit_dead(&owner).await;
    world.pass(48 * HOUR);
    world.emit_elsewhere(&owner.emitter).await;
    let prune = Prune {
        settled_before: world.now(),
        payloads_before: None,
        idempotency_before: Timestamp::from_micros(0),
        limit: 100,
        now: world.now(),
    };
    assert_eq!(world.store.prune(prune).await.unwrap().deliveries, 1);
    let found = stats(&world).await;
    assert_eq!((found.all.pending, found.all.total), (1, settled(0, 1, 0)));
    assert_eq!(found.all.last_day, Settled::default());
    assert_eq!(found.emitters[&emitter_id("crm")], found.all);
}

pub async fn a_detached_emitter_counts_in_all(world: World) {
    let owner = world.owned("crm").await;
    world.emit_dead(&owner).await;
    world.emit(&owner).await;
    world.detach("crm").await;
    let found = stats(&world).await;
    assert_eq!((found.all.pending, found.all.total), (0, settled(0, 1, 1)));
    assert!(found.emitters.is_empty());
}

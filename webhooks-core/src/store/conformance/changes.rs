//! Waking those who wait for work.

use std::{
    task::{Context, Waker},
    time::Duration,
};

use super::World;
use crate::{emitter::Backlog, store::StateChange};

pub async fn an_append_elsewhere_is_told(world: World) {
    let owner = world.owned("crm").await;
    let seen = settle_down(&world).await;
    world.emit_elsewhere(&owner.emitter).await;
    assert!(told(&world, seen).await > seen);
}

pub async fn a_waiter_is_woken(world: World) {
    let emitter = world.attach("crm").await;
    let seen = settle_down(&world).await;
    let mut waiting = world.store.changed(seen);
    let polled = waiting
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending(), "nothing has changed: {polled:?}");
    world.emit_elsewhere(&emitter).await;
    let count = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(count.expect("it is woken within 10 s").unwrap() > seen);
}

pub async fn what_is_sent_again_is_told(world: World) {
    let owner = world.owned("crm").await;
    let dead = world.emit_dead(&owner).await;
    let seen = settle_down(&world).await;
    world.redeliver(&dead.key).await;
    assert!(told(&world, seen).await > seen);
}

pub async fn a_change_of_an_emitter_is_told(world: World) {
    world.attach("crm").await;
    let seen = settle_down(&world).await;
    world
        .changed("crm", StateChange::Pause(Backlog::Keep))
        .await;
    assert!(told(&world, seen).await > seen);
}

/// The count once nothing is told any more.
async fn settle_down(world: &World) -> u64 {
    let mut seen = 0;
    let quiet = Duration::from_millis(100);
    while let Ok(count) = tokio::time::timeout(quiet, world.store.changed(seen)).await {
        seen = count.unwrap();
    }
    seen
}

async fn told(world: &World, seen: u64) -> u64 {
    let changed = world.store.changed(seen);
    let count = tokio::time::timeout(Duration::from_secs(10), changed).await;
    count.expect("it is told within 10 s").unwrap()
}

//! What an owner of old must not change.

use super::{World, traffic::retry_at};
use crate::{
    delivery::{DeadReason, DeliveryState},
    env::Timestamp,
    store::{Health, Settle, SettleOutcome, Verdict},
};

pub async fn an_old_epoch_settles_nothing(world: World) {
    let first = world.owned("crm").await;
    let sent = world.emit(&first).await;
    let before = world.record(&sent.key).await;
    world.lapse().await;
    let second = world.own(world.node().await, &first.emitter).await;
    for verdict in [
        Verdict::Delivered,
        Verdict::Dead(DeadReason::Status),
        retry_at(1, world.now(), world.now()),
    ] {
        let outcome = world.end(&first, &sent, 1, verdict).await;
        assert_eq!(outcome, SettleOutcome::Fenced, "{verdict:?}");
    }
    assert_eq!(world.record(&sent.key).await, before);
    let outcome = world.end(&second, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Settled);
}

pub async fn another_node_settles_nothing_under_the_same_epoch(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let settlement = world.settlement(&owner, &sent, 1, Verdict::Delivered);
    let other = world.node().await;
    assert_eq!(
        world.settle(other, vec![settlement]).await,
        [SettleOutcome::Fenced]
    );
    assert_eq!(world.state(&sent.key).await, DeliveryState::Pending);
}

pub async fn a_lease_given_back_settles_nothing(world: World) {
    let owner = world.owned("crm").await;
    let sent = world.emit(&owner).await;
    let back = vec![(owner.emitter.id.clone(), owner.epoch)];
    world.store.give_back(owner.node, back).await.unwrap();
    let outcome = world.end(&owner, &sent, 1, Verdict::Delivered).await;
    assert_eq!(outcome, SettleOutcome::Fenced);
}

pub async fn one_fenced_settlement_stops_no_other(world: World) {
    let owner = world.owned("a").await;
    let lost = world.owned("b").await;
    let (sent, fenced) = (world.emit(&owner).await, world.emit(&lost).await);
    let settlements = vec![
        world.settlement(&lost, &fenced, 1, Verdict::Delivered),
        world.settlement(&owner, &sent, 1, Verdict::Delivered),
    ];
    let outcomes = world.settle(owner.node, settlements).await;
    assert_eq!(outcomes, [SettleOutcome::Fenced, SettleOutcome::Settled]);
}

pub async fn health_of_an_old_epoch_is_ignored(world: World) {
    let first = world.owned("crm").await;
    let failing = Health {
        consecutive_failures: 3,
        cooling_until: Some(Timestamp::from_micros(world.now().as_micros() + 1_000)),
        failing_since: Some(world.now()),
    };
    write_health(&world, &first, failing).await;
    assert_eq!(health(&world).await, failing);
    world.lapse().await;
    let second = world.own(world.node().await, &first.emitter).await;
    write_health(&world, &first, Health::default()).await;
    assert_eq!(health(&world).await, failing);
    write_health(&world, &second, Health::default()).await;
    assert_eq!(health(&world).await, Health::default());
}

pub async fn health_comes_with_the_lease(world: World) {
    let first = world.owned("crm").await;
    let failing = Health {
        consecutive_failures: 2,
        cooling_until: Some(world.now()),
        failing_since: Some(world.now()),
    };
    write_health(&world, &first, failing).await;
    let back = vec![(first.emitter.id.clone(), first.epoch)];
    world.store.give_back(first.node, back).await.unwrap();
    let asked = Some(vec![first.emitter.id.clone()]);
    let leases = world.lease(world.node().await, asked, 1).await;
    assert_eq!(leases[0].health, failing);
}

pub(super) async fn write_health(world: &World, owner: &super::world::Owner, health: Health) {
    let batch = Settle {
        node: owner.node,
        settlements: Vec::new(),
        health: vec![(owner.emitter.id.clone(), owner.epoch, health)],
        now: world.now(),
    };
    assert_eq!(world.store.settle(batch).await.unwrap(), []);
}

pub(super) async fn health(world: &World) -> Health {
    let asked = vec![super::world::emitter_id("crm")];
    world.store.standing(asked).await.unwrap()[0].health
}

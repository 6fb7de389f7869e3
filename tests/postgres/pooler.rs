//! Behind PgBouncer, with its transactions pooled: each may be on another connection.

use std::time::Duration;

use sqlx::{Connection as _, PgConnection};
use webhooks_core::{
    Webhooks,
    delivery::DeliveryState,
    store::{DeliveryFilter, postgres::PostgresOptions},
};
use webhooks_tests::{Reply, postgres::Pooler};

use crate::{
    place::{Place, builder, config, place, wait_until},
    world::World,
};

const EVENTS: usize = 60;
const GRACE: Duration = Duration::from_secs(10);

fn options(place: &Place, pooler: &Pooler) -> PostgresOptions {
    let options = place.options_at(pooler.url());
    options.transaction_pooling(true)
}

async fn node(place: &Place, pooler: &Pooler) -> Webhooks {
    let store = options(place, pooler).connect().await.unwrap();
    builder().store(store).build().await.unwrap()
}

/// Skips a test where there is no PgBouncer.
macro_rules! pooler {
    ($place:expr) => {
        match Pooler::start(&$place.schema).await {
            Some(pooler) => pooler,
            None => return,
        }
    };
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_deliver_in_order_with_pooled_transactions() {
    let place = place!();
    let pooler = pooler!(place);
    let world = World::new();
    let receiver = world
        .receiver(|received, before| {
            let fails = received.body.contains('7') && before < 2;
            Reply::status(if fails { 500 } else { 200 })
        })
        .await;
    let nodes = [node(&place, &pooler).await, node(&place, &pooler).await];
    let (first, second) = (&nodes[0], &nodes[1]);
    first.attach("crm", ["a"], config(&receiver)).await.unwrap();
    wait_until("both know the emitter", async || second.is_started("crm")).await;
    for n in 0..EVENTS {
        world.emit(&nodes[n % 2], n).await.unwrap();
    }
    world.delivered(EVENTS).await;

    // One that is kept in the log of either goes out once more.
    let requests = receiver.received().len();
    wait_until("all is settled", async || {
        second.stats().await.unwrap().all.pending == 0
    })
    .await;
    let delivered = second.deliveries(DeliveryFilter::default()).await.unwrap();
    let last = &delivered.items[0];
    assert_eq!(last.state, DeliveryState::Delivered);
    let key = last.key.clone();
    world.fault();
    second.redeliver(key, false).await.unwrap();
    receiver.wait_for(requests + 1).await;

    // Each gives back what it has, and the other takes it.
    first.shutdown(GRACE).await.unwrap();
    world.emit(second, EVENTS).await.unwrap();
    world.delivered(EVENTS + 1).await;
    let third = node(&place, &pooler).await;
    second.shutdown(GRACE).await.unwrap();
    world.emit(&third, EVENTS + 1).await.unwrap();
    world.delivered(EVENTS + 2).await;
    third.shutdown(GRACE).await.unwrap();
    let summary = world.check();
    assert_eq!(summary.acknowledged, EVENTS + 2);
    assert_eq!(place.count("SELECT count(*) FROM leases").await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_behind_it_make_the_tables_once() {
    let place = place!();
    let pooler = pooler!(place);
    let opening = (0..8).map(|_| tokio::spawn(options(&place, &pooler).connect()));
    let opening: Vec<_> = opening.collect();
    for opened in opening {
        opened.await.unwrap().unwrap();
    }
    assert_eq!(place.count("SELECT count(*) FROM migrations").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_out_once_its_transaction_behind_it_commits() {
    let place = place!();
    let pooler = pooler!(place);
    let world = World::new();
    let receiver = world.receiver(|_, _| Reply::status(200)).await;
    let node = node(&place, &pooler).await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    let mut application = PgConnection::connect(pooler.url()).await.unwrap();
    for n in 0..10 {
        let mut transaction = application.begin().await.unwrap();
        let event = world.calling(n);
        node.emit_in(&mut transaction, event).await.unwrap();
        transaction.commit().await.unwrap();
        world.delivered(n + 1).await;
    }
    world.check();
}

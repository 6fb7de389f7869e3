//! Answers that are lost: what was asked is done all the same, once the database comes to it.

use std::time::Duration;

use webhooks_core::{ErrorKind, Webhooks};
use webhooks_tests::{Receiver, Reply, postgres::Proxy};

use crate::{
    held::Held,
    place::{Place, builder, config, place, wait_until},
    world::World,
};

const PATIENCE: Duration = Duration::from_secs(1);

const EPOCH: &str = "SELECT epoch FROM leases WHERE emitter = 'crm'";

async fn node_behind(place: &Place, proxy: &Proxy) -> Webhooks {
    let options = place.options_at(&proxy.url(place.schema.url()));
    let store = options.patience(PATIENCE).connect().await.unwrap();
    builder().store(store).build().await.unwrap()
}

/// The numbers of what arrived, however often it did.
fn arrived(receiver: &Receiver) -> Vec<u64> {
    let numbers = receiver.bodies().into_iter().map(|body| {
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        body["n"].as_u64().unwrap()
    });
    numbers.collect()
}

/// A node on a line of its own that has delivered its first event, and is the owner.
struct Scene {
    proxy: Proxy,
    world: World,
    node: Webhooks,
    receiver: Receiver,
}

async fn scene(place: &Place) -> Scene {
    let proxy = Proxy::start(place.schema.addr().await).await;
    let world = World::new();
    let receiver = world.receiver(|_, _| Reply::status(200)).await;
    let node = node_behind(place, &proxy).await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    world.emit(&node, 0).await.unwrap();
    world.delivered(1).await;
    Scene {
        proxy,
        world,
        node,
        receiver,
    }
}

/// Holds up the append of the second event.
async fn late_append(place: &Place) -> Held {
    let second = "NEW.delivery_id = 'event-1'";
    Held::at(place, "hold", "INSERT ON messages", second).await
}

/// Emits the event of this number, which is held up, and loses the answer: nothing comes through to the
/// node, until its patience is over.
async fn emit_unheard(world: &World, node: &Webhooks, proxy: &Proxy, held: &Held, n: usize) {
    let lose = async {
        held.wait().await;
        proxy.refuse();
        proxy.reset();
    };
    let (refused, ()) = tokio::join!(world.emit(node, n), lose);
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Store, "{refused:?}");
    assert!(refused.is_retryable());
}

/// The database comes to it while the node is still cut off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_was_not_heard_of_goes_out_once_and_in_its_place() {
    let place = place!();
    let Scene {
        proxy,
        world,
        node,
        receiver,
    } = scene(&place).await;
    let epoch = place.count(EPOCH).await;
    let held = late_append(&place).await;
    emit_unheard(&world, &node, &proxy, &held, 1).await;
    held.release().await;
    let stored = "SELECT count(*) FROM messages";
    wait_until("it is stored", async || place.count(stored).await == 2).await;
    proxy.accept();
    for n in 2..20 {
        world.emit(&node, n).await.unwrap();
    }
    world.delivered(20).await;
    let summary = world.check();
    assert_eq!((summary.acknowledged, summary.unacknowledged), (19, 1));
    assert_eq!(arrived(&receiver), (0..20).collect::<Vec<_>>());
    assert!(place.count(EPOCH).await > epoch, "it has a new epoch");
    assert_eq!(place.count("SELECT count(*) FROM nodes").await, 1);
}

/// Nothing else is emitted that would bring it to mind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_was_not_heard_of_goes_out_though_nothing_follows() {
    let place = place!();
    let Scene {
        proxy,
        world,
        node,
        receiver,
    } = scene(&place).await;
    let held = late_append(&place).await;
    emit_unheard(&world, &node, &proxy, &held, 1).await;
    held.release().await;
    proxy.accept();
    world.delivered(2).await;
    world.check();
    assert_eq!(arrived(&receiver), [0, 1]);
}

/// The database comes to it when the node is at work again, and has loaded what there was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_is_done_late_goes_out_once() {
    let place = place!();
    let Scene {
        proxy,
        world,
        node,
        receiver,
    } = scene(&place).await;
    let epoch = place.count(EPOCH).await;
    let held = late_append(&place).await;
    emit_unheard(&world, &node, &proxy, &held, 1).await;
    proxy.accept();
    for n in 2..20 {
        world.emit(&node, n).await.unwrap();
    }
    held.release().await;
    world.delivered(20).await;
    for n in 20..25 {
        world.emit(&node, n).await.unwrap();
    }
    world.delivered(25).await;
    world.check();
    let mut arrived = arrived(&receiver);
    // Its place is where the database came to it.
    let late = arrived.iter().position(|n| *n == 1).unwrap();
    assert!(late <= 19, "{arrived:?}");
    arrived.remove(late);
    assert_eq!(arrived, (0..25).filter(|n| *n != 1).collect::<Vec<_>>());
    assert!(place.count(EPOCH).await > epoch, "it has a new epoch");
}

/// The node asked for this emitter: it emitted to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_that_was_not_heard_of_is_asked_for_again() {
    let place = place!();
    let proxy = Proxy::start(place.schema.addr().await).await;
    let world = World::new();
    let receiver = world.receiver(|_, _| Reply::status(200)).await;
    let node = node_behind(&place, &proxy).await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    let held = Held::at(&place, "hold", "INSERT ON leases", "true").await;
    world.emit(&node, 0).await.unwrap();
    let epoch = lose_lease(&place, &proxy, held).await;
    world.delivered(1).await;
    world.emit(&node, 1).await.unwrap();
    world.delivered(2).await;
    world.check();
    assert_eq!(arrived(&receiver), [0, 1]);
    assert_eq!(place.count(EPOCH).await, epoch);
}

/// The node asked for any: which it was given it has never heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lease_of_any_that_was_not_heard_of_is_found_again() {
    let place = place!();
    let proxy = Proxy::start(place.schema.addr().await).await;
    let world = World::new();
    let receiver = world.receiver(|_, _| Reply::status(200)).await;
    let job = builder().deliver(false).store(place.store().await);
    let job = job.build().await.unwrap();
    job.attach("crm", ["a"], config(&receiver)).await.unwrap();
    let node = node_behind(&place, &proxy).await;
    let held = Held::at(&place, "hold", "INSERT ON leases", "true").await;
    world.emit(&job, 0).await.unwrap();
    let epoch = lose_lease(&place, &proxy, held).await;
    world.delivered(1).await;
    world.emit(&job, 1).await.unwrap();
    world.delivered(2).await;
    world.check();
    assert_eq!(arrived(&receiver), [0, 1]);
    assert_eq!(place.count(EPOCH).await, epoch);
    drop(node);
}

/// Cuts the line of a node that is held up while it takes a lease; returns the epoch that it is given.
async fn lose_lease(place: &Place, proxy: &Proxy, held: Held) -> i64 {
    held.wait().await;
    proxy.refuse();
    proxy.reset();
    proxy.wait_for_connections(0).await;
    held.release().await;
    let leased = "SELECT count(*) FROM leases";
    wait_until("it is leased", async || place.count(leased).await == 1).await;
    let epoch = place.count(EPOCH).await;
    proxy.accept();
    epoch
}

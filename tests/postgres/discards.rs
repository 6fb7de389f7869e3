//! Backlogs that were discarded while transactions were open: they may commit long after.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _};
use tokio::time::sleep;
use webhooks_core::Backlog;
use webhooks_tests::Reply;

use crate::{
    place::{builder, config, place, wait_until},
    world::World,
};

const ROWS: &str = "SELECT count(*) FROM discards";
const FENCED: &str = "SELECT count(*) FROM discards WHERE fence IS NOT NULL";
const DISCARDED: &str = "SELECT count(*) FROM deliveries WHERE state = 3 AND reason = 'paused'";
/// What is done each second has been done.
const A_WHILE: Duration = Duration::from_secs(3);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_discard_is_remembered_until_no_transaction_can_know_what_was_before() {
    let place = place!();
    let world = World::new();
    let receiver = world.receiver(|_, _| Reply::status(200)).await;
    let node = place.node().await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    world.emit(&node, 0).await.unwrap();
    world.delivered(1).await;

    let mut application = place.connection().await;
    let mut open = application.begin().await.unwrap();
    for n in 1..=3 {
        let event = world.calling(n);
        node.emit_in(&mut open, event).await.unwrap();
    }
    node.pause("crm", Backlog::Discard).await.unwrap();
    node.restart("crm").await.unwrap();
    // Another node may not have heard of it yet.
    sleep(A_WHILE).await;
    assert_eq!(place.count(ROWS).await, 1);
    assert_eq!(place.count(FENCED).await, 0);

    // A minute later everybody has.
    let mut clock = place.connection().await;
    let later = "UPDATE discards SET created_at = created_at - interval '61 seconds'";
    clock.execute(later).await.unwrap();
    wait_until("it is fenced", async || place.count(FENCED).await == 1).await;
    sleep(A_WHILE).await;
    assert_eq!(place.count(ROWS).await, 1, "the transaction is open");
    world.emit(&node, 4).await.unwrap();
    world.delivered(2).await;

    open.commit().await.unwrap();
    wait_until("what committed is discarded", async || {
        place.count(DISCARDED).await == 3
    })
    .await;
    wait_until("the discard is forgotten", async || {
        place.count(ROWS).await == 0
    })
    .await;
    world.emit(&node, 5).await.unwrap();
    world.delivered(3).await;
    assert_eq!(
        receiver.bodies(),
        [r#"{"n":0}"#, r#"{"n":4}"#, r#"{"n":5}"#]
    );
    let pending = "SELECT count(*) FROM deliveries WHERE state = 0";
    wait_until("nothing is left", async || place.count(pending).await == 0).await;
}

/// A node that has stopped, or never delivers, does not go on with it: any other does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_commits_when_its_node_is_gone_is_discarded_by_another() {
    let place = place!();
    let world = World::new();
    let receiver = world.receiver(|_, _| Reply::status(200)).await;
    let node = place.node().await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    let mut application = place.connection().await;
    let mut open = application.begin().await.unwrap();
    node.emit_in(&mut open, world.calling(0)).await.unwrap();
    node.pause("crm", Backlog::Discard).await.unwrap();
    node.restart("crm").await.unwrap();
    drop(node);
    open.commit().await.unwrap();
    let another = builder().store(place.store().await).build().await.unwrap();
    wait_until("it is discarded", async || {
        place.count(DISCARDED).await == 1
    })
    .await;
    world.emit(&another, 1).await.unwrap();
    world.delivered(1).await;
    assert_eq!(receiver.bodies(), [r#"{"n":1}"#]);
}

//! Outcomes reach the database in the order in which they came: what a crash costs a lane is the end of
//! what it had sent.

use std::time::Duration;

use tokio::time::sleep;
use webhooks_tests::{Gate, Reply};

use crate::{
    held::Held,
    place::{config, place},
    world::World,
};

const LATER: Duration = Duration::from_millis(100);
/// All that has arrived by then waits to be settled.
const A_WHILE: Duration = Duration::from_millis(500);
const SETTLED: &str = "SELECT count(*) FROM deliveries WHERE state = 1";

/// One that fails and then succeeds is settled before what its lane sent after it, also where all of it
/// waits for the database.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_settled_before_what_was_sent_before_it() {
    let place = place!();
    let world = World::new();
    let gate = Gate::closed();
    let held_by = gate.clone();
    let receiver = world
        .receiver(move |received, before| {
            let fails = received.body == r#"{"n":1}"# && before == 0;
            let reply = Reply::status(if fails { 500 } else { 200 }).held_by(&held_by);
            // Not in one batch with the first.
            reply.after(if fails { LATER } else { Duration::ZERO })
        })
        .await;
    let node = place.node().await;
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    for n in 0..3 {
        world.emit(&node, n).await.unwrap();
    }
    // The first outcome is held up, and what comes meanwhile becomes one batch.
    let first = Held::at(&place, "first", "UPDATE ON deliveries", "NEW.state = 1").await;
    // The second one, which succeeds at its second attempt, cannot be settled then.
    let again = "NEW.state = 1 AND NEW.attempt_count = 2";
    let second = Held::at(&place, "second", "UPDATE ON deliveries", again).await;
    gate.open();
    first.wait().await;
    world.delivered(3).await;
    sleep(A_WHILE).await;
    first.release().await;
    second.wait().await;
    assert_eq!(place.count(SETTLED).await, 1, "the third is not settled");
    second.release().await;
    world.check();
}

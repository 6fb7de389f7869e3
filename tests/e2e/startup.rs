//! Events that are emitted from many tasks while their emitter is just brought to work.

use std::collections::HashSet;

use tokio::task::JoinSet;
use webhooks_core::delivery::DeliveryState;
use webhooks_tests::Receiver;

use super::{COST, builder};
use crate::{config, payload, settled};

const TASKS: usize = 8;
const EACH: usize = 10;

/// What an emitter receives that is attached just before the tasks begin to emit.
async fn received() -> Vec<String> {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let mut emitting = JoinSet::new();
    for task in 0..TASKS {
        let webhooks = webhooks.clone();
        emitting.spawn(async move {
            for n in 0..EACH {
                let payload = payload(task * EACH + n);
                webhooks.emit("a", &payload).await.unwrap();
            }
        });
    }
    emitting.join_all().await;
    let log = settled(&webhooks).await;
    assert_eq!(log.len(), TASKS * EACH);
    assert!(log.iter().all(|one| one.state == DeliveryState::Delivered));
    receiver.bodies()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_events_of_an_emitter_all_arrive_in_the_order_of_each_task() {
    for _ in 0..10 / COST {
        let bodies = received().await;
        for task in 0..TASKS {
            let of_task = |n| payload(task * EACH + n).to_string();
            let first = |n| bodies.iter().position(|body| *body == of_task(n));
            let places: Vec<Option<usize>> = (0..EACH).map(first).collect();
            assert!(places.iter().all(Option::is_some) && places.is_sorted());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_events_of_an_emitter_arrive_once_each() {
    for _ in 0..25 / COST {
        let bodies = received().await;
        let distinct: HashSet<&String> = bodies.iter().collect();
        assert_eq!(distinct.len(), bodies.len(), "something came twice");
    }
}

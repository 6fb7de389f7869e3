use std::time::Duration;

use super::*;
use crate::{
    ErrorKind,
    store::{
        MemoryStore, Store,
        conformance::{World, traffic::new},
    },
};

fn store() -> FaultStore<MemoryStore> {
    FaultStore::new(MemoryStore::new())
}

#[tokio::test]
async fn a_fault_strikes_the_call_it_was_meant_for_and_once() {
    let store = store();
    store.version().await.unwrap();
    store.strike_nth(2, Fault::Refused);
    store.strike_nth_of(Operation::Emitters, 2, Fault::Lost);
    store.emitters().await.unwrap();
    let error = store.version().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store);
    store.version().await.unwrap();
    let error = store.clone().emitters().await.unwrap_err();
    assert!(error.is_retryable());
    store.emitters().await.unwrap();
    assert_eq!((store.calls(), store.fired()), (6, 2));
    assert_eq!(store.calls_of(Operation::Emitters), 3);
    assert_eq!(store.calls_of(Operation::Settle), 0);
}

#[tokio::test]
async fn after_healing_nothing_is_struck() {
    let store = store();
    store.strike_nth(1, Fault::Refused);
    store.strike_nth_of(Operation::Version, 1, Fault::Refused);
    store.strike_at_random(7, 1);
    store.heal();
    store.version().await.unwrap();
    assert_eq!(store.fired(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_seed_strikes_the_same_calls_each_time() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let store = store();
        store.strike_at_random(seed, 4);
        let mut failed = Vec::new();
        for _ in 0..100 {
            failed.push(store.version().await.is_err());
        }
        assert!((10..=45).contains(&store.fired()), "{}", store.fired());
        runs.push(failed);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test(start_paused = true)]
async fn a_late_call_is_done_though_nobody_waits() {
    let store = FaultStore::new(MemoryStore::new());
    let shared = store.clone();
    let world = World::new(move || {
        let store = shared.clone();
        async move { std::sync::Arc::new(store) as std::sync::Arc<dyn Store> }
    })
    .await;
    let owner = world.owned("crm").await;
    store.strike_nth_of(Operation::Append, 1, Fault::Delayed(Duration::from_secs(1)));
    let to = world.to(&owner.emitter, Some(owner.epoch));
    let append = world.append(
        owner.node,
        vec![new(world.message("order.created"), vec![to])],
    );
    let waited = tokio::time::timeout(Duration::from_millis(1), append).await;
    assert!(waited.is_err(), "it comes late");
    assert!(world.load(&owner).await.is_empty());
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.load(&owner).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_chosen_strikes_what_nothing_else_does() {
    let store = store();
    let late = Duration::from_secs(3);
    store.strike_nth(1, Fault::Refused);
    store.strike_as(move |operation| match operation {
        Operation::Version => Some(Fault::Late(late)),
        _ => None,
    });
    store.version().await.unwrap_err();
    store.emitters().await.unwrap();
    let begin = tokio::time::Instant::now();
    store.version().await.unwrap();
    assert_eq!(begin.elapsed(), late);
    store.heal();
    store.version().await.unwrap();
    assert_eq!((begin.elapsed(), store.fired()), (late, 2));
}

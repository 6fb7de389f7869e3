//! Sweeps whose answers are lost, or overtaken.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::sleep;
use webhooks_core::{
    Jitter, MemoryStore, RetryPolicy,
    store::{
        NODE_LIFETIME,
        conformance::{Fault, FaultStore, Operation},
    },
};

use crate::{Receiver, body, build_at, clock, config};

#[tokio::test(start_paused = true)]
async fn what_a_sweep_took_over_unheard_is_delivered() {
    let store = FaultStore::new(MemoryStore::new());
    let (failing, receiver) = (
        Receiver::answering(|_, _| 500),
        Receiver::answering(|_, _| 200),
    );
    let env = clock();
    let dying = build_at(&store, &failing, &env).await.unwrap();
    dying.attach("crm", ["*"], config()).await.unwrap();
    dying.emit("a", &sent(0)).await.unwrap();
    // It has loaded what is pending: no mark is left, and nobody emits to it any more.
    while failing.first_arrivals().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    drop(dying);
    sleep(NODE_LIFETIME + Duration::from_secs(1)).await;
    store.strike_nth_of(Operation::Lease, 1, Fault::Lost);
    let next = build_at(&store, &receiver, &env).await.unwrap();
    sleep(Duration::from_secs(10)).await;
    assert_eq!(store.fired(), 1);
    assert_eq!(receiver.first_arrivals(), [body(0)]);
    drop(next);
}

/// Another node owned it when the node asked, and has given it back when a sweep does.
#[tokio::test(start_paused = true)]
async fn what_a_sweep_is_granted_while_it_is_waited_for_is_delivered() {
    let shared = Arc::new(MemoryStore::new());
    let (store, others) = (
        FaultStore::over(shared.clone()),
        FaultStore::over(shared.clone()),
    );
    let (failing, receiver) = (
        Receiver::answering(|_, _| 500),
        Receiver::answering(|_, _| 200),
    );
    let env = clock();
    let owner = build_at(&others, &failing, &env).await.unwrap();
    // So that nothing is given up meanwhile.
    let second = Duration::from_secs(1);
    let retry = RetryPolicy::exponential(second, second).jitter(Jitter::None);
    let config = config().retry(retry.max_attempts(1_000));
    owner.attach("crm", ["*"], config).await.unwrap();
    owner.emit("a", &sent(0)).await.unwrap();

    // In their order: a sweep, one that fails, so that what is owned is counted anew for a while, what is asked
    // for the emitter below, and a sweep that is slow, before the one that counts anew.
    let mut leases = [
        None,
        Some(Fault::Refused),
        Some(Fault::Late(Duration::from_secs(40))),
        Some(Fault::Late(Duration::from_millis(500))),
    ]
    .into_iter();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    store.strike_as(move |operation| match operation {
        Operation::Lease => {
            counted.fetch_add(1, Relaxed);
            leases.next().flatten()
        }
        // Nothing else tells it to sweep.
        Operation::Changed => Some(Fault::Delayed(Duration::from_secs(1_000))),
        _ => None,
    });
    let node = build_at(&store, &receiver, &env).await.unwrap();
    let until = async |count| {
        while asked.load(Relaxed) < count {
            sleep(Duration::from_millis(1)).await;
        }
    };
    until(2).await;
    node.emit("a", &sent(1)).await.unwrap();
    until(4).await;
    owner.shutdown(Duration::ZERO).await.unwrap();
    // Long after what is owned was last counted anew.
    sleep(Duration::from_secs(60)).await;
    assert_eq!(receiver.first_arrivals(), [body(0), body(1)]);
    drop(node);
}

fn sent(n: usize) -> serde_json::Value {
    serde_json::json!({ "n": n })
}

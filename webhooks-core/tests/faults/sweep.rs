//! A sweep whose answer is lost.

use std::time::Duration;

use tokio::time::sleep;
use webhooks_core::{
    MemoryStore,
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
    let payload = serde_json::json!({ "n": 0 });
    dying.emit("a", &payload).await.unwrap();
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

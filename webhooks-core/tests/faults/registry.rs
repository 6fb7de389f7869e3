//! What a node knows of an emitter when the answer to its change is lost.

use std::time::Duration;

use tokio::time::sleep;
use webhooks_core::{
    MemoryStore, Upserted,
    store::conformance::{Fault, FaultStore, Operation},
};

use crate::{Receiver, build, config};

#[tokio::test(start_paused = true)]
async fn an_upsert_that_is_asked_for_again_counts_at_once() {
    let store = FaultStore::new(MemoryStore::new());
    let webhooks = build(&store, &Receiver::answering(|_, _| 200))
        .await
        .unwrap();
    store.strike_nth_of(Operation::PutEmitter, 1, Fault::Lost);
    assert!(webhooks.upsert("crm", ["*"], config()).await.is_err());
    let again = webhooks.upsert("crm", ["*"], config()).await.unwrap();
    assert!(matches!(again, Upserted::Unchanged(_)), "{again:?}");
    let receipt = webhooks.emit("a", &serde_json::json!({ "n": 0 })).await;
    assert_eq!(receipt.unwrap().deliveries, 1);
}

#[tokio::test(start_paused = true)]
async fn a_disabling_whose_answer_is_lost_counts_at_once() {
    let store = FaultStore::new(MemoryStore::new());
    let webhooks = build(&store, &Receiver::answering(|_, _| 410))
        .await
        .unwrap();
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    store.strike_nth_of(Operation::SetState, 1, Fault::Lost);
    let receipt = webhooks.emit("a", &serde_json::json!({ "n": 0 })).await;
    assert_eq!(receipt.unwrap().deliveries, 1);
    // Long before the table is looked at again.
    sleep(Duration::from_millis(200)).await;
    assert!(!webhooks.is_started("crm"));
}

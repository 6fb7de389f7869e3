//! A lease whose way back to the store fails.

use std::time::Duration;

use tokio::time::sleep;
use webhooks_core::{
    MemoryStore,
    store::conformance::{Fault, FaultStore, Operation},
};

use crate::{Receiver, body, build, config};

#[tokio::test(start_paused = true)]
async fn an_idle_lease_is_given_back_until_the_store_has_it() {
    for fault in [Fault::Refused, Fault::Lost] {
        let store = FaultStore::new(MemoryStore::new());
        let receiver = Receiver::answering(|_, _| 200);
        let webhooks = build(&store, &receiver).await.unwrap();
        webhooks.attach("crm", ["*"], config()).await.unwrap();
        store.strike_nth_of(Operation::GiveBack, 1, fault);
        store.strike_nth_of(Operation::GiveBack, 2, fault);
        for n in 0..2 {
            let event = serde_json::json!({ "n": n });
            webhooks.emit("a", &event).await.unwrap();
            // Longer than an idle lease is kept.
            sleep(Duration::from_secs(90)).await;
            assert_eq!(receiver.first_arrivals().last(), Some(&body(n)));
        }
        assert_eq!(store.fired(), 2);
        assert_eq!(store.calls_of(Operation::GiveBack), 4, "{fault:?}");
    }
}

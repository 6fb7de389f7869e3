//! A node that stood still, was taken over from, and goes on.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
    time::Duration,
};

use tokio::time::sleep;
use webhooks_core::{
    MemoryStore,
    env::{Env, Task},
    store::{
        NODE_LIFETIME,
        conformance::{Fault, FaultStore, Operation},
    },
};

use crate::{Receiver, build_at, clock, config};

/// So late is the store when it is asked for work: longer than a renewal holds.
const LATE: Duration = Duration::from_secs(20);
/// So soon a task that stands still sees that it may go on.
const LOOK: Duration = Duration::from_millis(100);

/// Lets the tasks of a node stand still while `still` says so.
fn stopping(env: &Env, still: &Arc<AtomicBool>) -> Env {
    let still = still.clone();
    env.clone().wrap_tasks(move |mut task: Task| {
        let still = still.clone();
        let mut look = Box::pin(sleep(Duration::ZERO));
        Box::pin(poll_fn(move |cx| {
            while still.load(Relaxed) {
                if look.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                look.set(sleep(LOOK));
            }
            task.as_mut().poll(cx)
        }))
    })
}

#[tokio::test(start_paused = true)]
async fn it_is_renewed_while_it_looks_for_work() {
    let shared = Arc::new(MemoryStore::new());
    let (store, others) = (
        FaultStore::over(shared.clone()),
        FaultStore::over(shared.clone()),
    );
    let (failing, env) = (Receiver::answering(|_, _| 500), clock());
    let still = Arc::<AtomicBool>::default();
    let stopped = build_at(&store, &failing, &stopping(&env, &still)).await;
    let stopped = stopped.unwrap();
    stopped.attach("crm", ["*"], config()).await.unwrap();
    let payload = serde_json::json!({ "n": 0 });
    stopped.emit("a", &payload).await.unwrap();
    while failing.first_arrivals().is_empty() {
        sleep(Duration::from_millis(1)).await;
    }
    let other = build_at(&others, &failing, &env).await.unwrap();

    still.store(true, Relaxed);
    sleep(NODE_LIFETIME * 2).await;
    let renewals = Arc::<AtomicUsize>::default();
    let counted = renewals.clone();
    store.strike_as(move |operation| match operation {
        Operation::Renew => {
            counted.fetch_add(1, Relaxed);
            None
        }
        Operation::Lease => Some(Fault::Delayed(LATE)),
        _ => None,
    });
    still.store(false, Relaxed);
    // It finds itself dead, and comes back as another.
    sleep(NODE_LIFETIME).await;
    let count = renewals.load(Relaxed);
    assert!(count >= 4, "{count} renewals in {NODE_LIFETIME:?}");
    drop((stopped, other));
}

//! The engine over the store on SQLite without threads, while tokio's clock is simulated.
#![cfg(all(feature = "conformance", feature = "sqlite"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod crashes;
mod hours;
mod nodes;
mod place;
mod receiver;

use std::time::Duration;

use webhooks_core::{EmitterConfig, Jitter, RetryPolicy, Webhooks, env::Env};

use self::{place::Place, receiver::Receiver};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// Tries again after this time.
fn config(after: Duration) -> EmitterConfig {
    let retry = RetryPolicy::exponential(after, after).jitter(Jitter::None);
    EmitterConfig::new("https://crm.example/hooks")
        .unwrap()
        .retry(retry)
}

fn payload(n: usize) -> serde_json::Value {
    serde_json::json!({ "n": n })
}

/// Webhooks of a process on this store.
async fn build(
    store: webhooks_core::store::conformance::InlineSqlite,
    receiver: &Receiver,
    env: &Env,
) -> Result<Webhooks, webhooks_core::Error> {
    let builder = Webhooks::builder().store(store).env(env.clone());
    builder.transport(receiver.transport()).build().await
}

//! The engine over a store that fails.
#![cfg(feature = "conformance")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod away;
mod give_back;
mod life;
mod receiver;
mod registry;
mod revived;
mod sweep;

use std::time::Duration;

use tokio::time::{Instant, sleep};
use webhooks_core::{
    EmitterConfig, Error, Jitter, RetryPolicy, Webhooks,
    env::{Env, SystemRandom, Timestamp},
    store::{Store, conformance::FaultStore},
};

use self::receiver::Receiver;

/// A wall clock that goes as tokio's does.
fn clock() -> Env {
    let begin = Instant::now();
    let now = move || Timestamp::from_micros(1_769_860_800_000_000).saturating_add(begin.elapsed());
    Env::new(now, SystemRandom)
}

async fn build<S: Store>(store: &FaultStore<S>, receiver: &Receiver) -> Result<Webhooks, Error> {
    build_at(store, receiver, &clock()).await
}

/// One of several on a store: they have one clock.
async fn build_at<S: Store>(
    store: &FaultStore<S>,
    receiver: &Receiver,
    clock: &Env,
) -> Result<Webhooks, Error> {
    let builder = Webhooks::builder().store(store.clone()).env(clock.clone());
    builder.transport(receiver.transport()).build().await
}

/// Makes a call until the store takes it.
async fn retried<T>(call: impl AsyncFn() -> Result<T, Error>) -> T {
    loop {
        match call().await {
            Ok(answer) => return answer,
            Err(error) => assert!(error.is_retryable(), "{error:?}"),
        }
        sleep(Duration::from_millis(5)).await;
    }
}

fn config() -> EmitterConfig {
    let (initial, max) = (Duration::from_millis(20), Duration::from_millis(40));
    let retry = RetryPolicy::exponential(initial, max).jitter(Jitter::None);
    EmitterConfig::new("https://crm.example/hooks")
        .unwrap()
        .retry(retry)
}

fn body(n: usize) -> String {
    serde_json::json!({ "n": n }).to_string()
}

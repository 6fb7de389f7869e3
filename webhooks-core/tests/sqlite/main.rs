//! The store in an SQLite file, through what is public, on real files.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod backup;
mod busy;
mod discarding;
mod emit_in;
mod emit_in_order;
mod emit_in_refused;
mod files;
mod locks;
mod migrations;
mod opening;
mod place;
mod prefixes;
mod processes;
mod receiver;
mod replay;
mod restart;
mod retention;
mod stats;

use std::time::Duration;

use webhooks_core::{EmitterConfig, Webhooks, WebhooksBuilder, store::Store};

use self::{place::Place, receiver::Receiver};

/// How long a test waits for what should happen.
const PATIENCE: Duration = Duration::from_secs(10);

fn payload(n: usize) -> serde_json::Value {
    serde_json::json!({ "n": n })
}

fn numbers(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    numbers
        .into_iter()
        .map(|n| payload(n).to_string())
        .collect()
}

fn config() -> EmitterConfig {
    EmitterConfig::new("https://crm.example/hooks").unwrap()
}

/// Webhooks over this store, whose attempts go to this receiver.
fn builder(store: impl Store, receiver: &Receiver) -> WebhooksBuilder {
    Webhooks::builder().store(store).transport(receiver.clone())
}

/// Webhooks over the database in this place, with `crm` attached to all events.
async fn attached(place: &Place, receiver: &Receiver) -> Webhooks {
    let store = place.open().await;
    let webhooks = builder(store, receiver).build().await.unwrap();
    webhooks.upsert("crm", ["*"], config()).await.unwrap();
    webhooks
}

/// Waits until this holds.
async fn wait_until(mut holds: impl FnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "it does not come to hold"
        );
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

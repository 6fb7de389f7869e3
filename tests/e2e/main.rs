//! End to end, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod isolation;
mod lifecycle;
mod order;
mod responses;
mod staging;
mod tls;
mod wire;

use std::{net::IpAddr, time::Duration};

use webhooks_core::{
    EmitterConfig, Jitter, RetryPolicy, Webhooks, WebhooksBuilder,
    store::{DeliveryFilter, DeliveryRecord},
};
use webhooks_tests::Receiver;

/// Webhooks that may go to this machine.
fn builder() -> WebhooksBuilder {
    Webhooks::builder()
        .allow_http()
        .allow_network(IpAddr::from([127, 0, 0, 1]))
}

/// An emitter to this receiver, with three attempts and short waits.
fn config(receiver: &Receiver) -> EmitterConfig {
    let (initial, max) = (Duration::from_millis(20), Duration::from_millis(40));
    let retry = RetryPolicy::exponential(initial, max)
        .jitter(Jitter::None)
        .max_attempts(3);
    EmitterConfig::new(receiver.url("/hooks"))
        .unwrap()
        .retry(retry)
}

fn payload(n: usize) -> serde_json::Value {
    serde_json::json!({ "n": n })
}

/// Waits until nothing is pending; returns the log, oldest first.
async fn settled(webhooks: &Webhooks) -> Vec<DeliveryRecord> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let filter = DeliveryFilter {
            limit: 250,
            ..DeliveryFilter::default()
        };
        let mut items = webhooks.deliveries(filter).await.unwrap().items;
        if items.iter().all(|record| record.next_attempt_at.is_none()) {
            items.reverse();
            return items;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "still pending: {items:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

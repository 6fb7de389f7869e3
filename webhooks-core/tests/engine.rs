//! The engine over the memory store, with a transport in memory and paused time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::StatusCode;
use tokio::time::Instant;
use webhooks_core::{
    Backlog, EmitterConfig, Event, OrderingKey, RetryPolicy, Webhooks,
    transport::{AttemptRequest, AttemptResponse, BoxTransport},
};

type Log = Arc<Mutex<Vec<(Instant, String)>>>;

/// Answers by a function of the body, and takes down what arrived.
fn receiver(
    log: &Log,
    answer: impl Fn(&str, usize) -> u16 + Clone + Send + Sync + 'static,
) -> BoxTransport {
    let log = log.clone();
    BoxTransport::new(tower::service_fn(move |request: AttemptRequest| {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let mut log = log.lock().unwrap();
        let tries = log.iter().filter(|(_, seen)| *seen == body).count();
        log.push((Instant::now(), body.clone()));
        let status = StatusCode::from_u16(answer(&body, tries)).unwrap();
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Ok(AttemptResponse::new(status))
        }
    }))
}

/// Webhooks whose attempts are taken down in `log`, and answered so.
async fn delivering_to(
    log: &Log,
    answer: impl Fn(&str, usize) -> u16 + Clone + Send + Sync + 'static,
) -> Webhooks {
    let builder = Webhooks::builder().transport(receiver(log, answer));
    builder.build().await.unwrap()
}

fn config() -> EmitterConfig {
    EmitterConfig::new("https://crm.example/hooks").unwrap()
}

fn bodies(log: &Log) -> Vec<String> {
    log.lock()
        .unwrap()
        .iter()
        .map(|(_, body)| body.clone())
        .collect()
}

async fn quiet(webhooks: &Webhooks) {
    loop {
        let ids = webhooks
            .all_emitters()
            .iter()
            .map(|emitter| emitter.id().clone())
            .collect();
        let pending: u64 = webhooks
            .standing(ids)
            .await
            .unwrap()
            .iter()
            .map(|standing| standing.pending)
            .sum();
        if pending == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn number(n: usize) -> serde_json::Value {
    serde_json::json!({ "n": n })
}

fn ordered(n: usize) -> Vec<String> {
    (0..n).map(|n| number(n).to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn events_of_one_emitter_arrive_in_order() {
    let log = Log::default();
    let webhooks = delivering_to(&log, |_, _| 200).await;
    webhooks.attach("crm", ["order.*"], config()).await.unwrap();
    for n in 0..2_000 {
        let receipt = webhooks.emit("order.created", &number(n)).await.unwrap();
        assert_eq!(receipt.deliveries, 1);
    }
    quiet(&webhooks).await;
    assert_eq!(bodies(&log), ordered(2_000));
}

#[tokio::test(start_paused = true)]
async fn a_failing_head_holds_the_rest_until_its_last_attempt() {
    let log = Log::default();
    let fail = |body: &str, _| if body.contains(":0") { 500 } else { 200 };
    let webhooks = delivering_to(&log, fail).await;
    let retry = RetryPolicy::emitter();
    webhooks
        .attach("crm", ["*"], config().retry(retry))
        .await
        .unwrap();
    for n in 0..3 {
        webhooks.emit("order.created", &number(n)).await.unwrap();
    }
    quiet(&webhooks).await;
    assert_eq!(
        bodies(&log),
        [
            r#"{"n":0}"#,
            r#"{"n":0}"#,
            r#"{"n":0}"#,
            r#"{"n":1}"#,
            r#"{"n":2}"#
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_backlog_beyond_the_window_arrives_in_order() {
    let log = Log::default();
    let webhooks = delivering_to(&log, |_, _| 200).await;
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    for n in 0..5_000 {
        webhooks.emit("order.created", &number(n)).await.unwrap();
    }
    assert!(bodies(&log).is_empty());
    webhooks.restart("crm").await.unwrap();
    for n in 5_000..9_000 {
        webhooks.emit("order.created", &number(n)).await.unwrap();
        tokio::task::yield_now().await;
    }
    quiet(&webhooks).await;
    assert_eq!(bodies(&log), ordered(9_000));
}

#[tokio::test(start_paused = true)]
async fn lanes_keep_the_order_of_a_key() {
    let log = Log::default();
    let fail = |body: &str, tries| {
        if body.len().is_multiple_of(3) && tries == 0 {
            500
        } else {
            200
        }
    };
    let webhooks = delivering_to(&log, fail).await;
    webhooks
        .attach("crm", ["*"], config().lanes(7))
        .await
        .unwrap();
    for n in 0..300_usize {
        let key = OrderingKey::new(format!("key-{}", n % 10)).unwrap();
        let body = serde_json::json!({ "key": n % 10, "n": n, "pad": "x".repeat(n % 5) });
        let event = Event::new("order.created", &body)
            .unwrap()
            .ordering_key(key);
        webhooks.emit_with(event).await.unwrap();
    }
    quiet(&webhooks).await;
    for key in 0..10 {
        let mut last = None;
        for body in bodies(&log) {
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            if body["key"] == key {
                assert!(last <= body["n"].as_u64(), "{key}: {last:?} before {body}");
                last = body["n"].as_u64();
            }
        }
        assert_eq!(last, Some(290 + key));
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_receiver_costs_one_request_per_cool_down() {
    let log = Log::default();
    let webhooks = delivering_to(&log, |_, _| 503).await;
    webhooks
        .attach("crm", ["*"], config().lanes(64))
        .await
        .unwrap();
    let batch = (0..1_000).map(|n| Event::new("order.created", &number(n)).unwrap());
    webhooks.emit_batch(batch).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    let seen = bodies(&log).len();
    // 64 side by side until the first failure, then a probe after 1, 2, 4 … 60 seconds.
    assert!((64 + 10..=64 + 20).contains(&seen), "{seen}");
}

#[tokio::test(start_paused = true)]
async fn a_410_disables_and_a_restart_goes_on_with_the_same_delivery() {
    let log = Log::default();
    let gone = |_: &str, tries| if tries == 0 { 410 } else { 200 };
    let webhooks = delivering_to(&log, gone).await;
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    webhooks.emit("a", &number(0)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!webhooks.is_started("crm"));
    assert_eq!(webhooks.emit("a", &number(1)).await.unwrap().deliveries, 0);
    assert_eq!(bodies(&log), [r#"{"n":0}"#]);
    webhooks.restart("crm").await.unwrap();
    quiet(&webhooks).await;
    assert_eq!(bodies(&log), [r#"{"n":0}"#, r#"{"n":0}"#]);
}

#[tokio::test(start_paused = true)]
async fn work_goes_on_after_a_lease_was_given_back() {
    let log = Log::default();
    let webhooks = delivering_to(&log, |_, _| 200).await;
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    for n in 0..3 {
        webhooks.emit("a", &number(n)).await.unwrap();
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(bodies(&log), ordered(n + 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_delivers_what_is_due_and_refuses_the_rest() {
    let log = Log::default();
    let webhooks = delivering_to(&log, |_, _| 200).await;
    webhooks.attach("crm", ["*"], config()).await.unwrap();
    for n in 0..100 {
        webhooks.emit("a", &number(n)).await.unwrap();
    }
    let report = webhooks.shutdown(Duration::from_secs(30)).await.unwrap();
    assert_eq!((report.pending, report.cut), (0, 0));
    assert_eq!(bodies(&log), ordered(100));
    let refused = webhooks.emit("a", &number(1)).await.unwrap_err();
    assert_eq!(refused.kind(), webhooks_core::ErrorKind::ShuttingDown);
}

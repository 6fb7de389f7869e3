//! Every row of the table of what a response means.

use std::time::{Duration, Instant};

use webhooks_core::{
    EmitterConfig, EmitterState,
    delivery::DeliveryState,
    emitter::DisabledReason,
    env::Env,
    retry::RetryPolicy,
    transport::{Resolve, ResolveFuture},
};
use webhooks_tests::{Receiver, Reply};

use crate::{builder, config, payload, settled, wait_until};

/// What becomes of one delivery whose attempts are all answered so: its state, last status, and
/// kind of error.
async fn outcome(reply: Reply) -> (DeliveryState, Option<u16>, Option<String>) {
    let receiver = Receiver::scripted(move |_, _| reply.clone()).await;
    let webhooks = builder().build().await.unwrap();
    let config = config(&receiver)
        .timeout(Duration::from_millis(300))
        .retry(RetryPolicy::emitter().max_attempts(1));
    webhooks.attach("crm", ["*"], config).await.unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    let record = settled(&webhooks).await.remove(0);
    let error = record.last_error.map(|error| error.kind.to_string());
    (record.state, record.last_status, error)
}

#[tokio::test]
async fn every_2xx_is_delivered_whatever_its_body_does() {
    for reply in [
        Reply::status(200),
        Reply::status(204),
        Reply::status(299),
        Reply::raw("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart"),
        Reply::stalled("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart"),
    ] {
        let (state, _, error) = outcome(reply.clone()).await;
        assert_eq!(
            (state, error),
            (DeliveryState::Delivered, None),
            "{reply:?}"
        );
    }
}

#[tokio::test]
async fn every_other_status_is_a_failed_attempt() {
    for status in [301, 307, 400, 404, 429, 500, 503] {
        let reply = Reply::with_headers(status, &[("location", "http://127.0.0.1:1/")]);
        assert_eq!(
            outcome(reply).await,
            (DeliveryState::Dead, Some(status), None)
        );
    }
}

#[tokio::test]
async fn what_is_no_answer_is_a_failed_attempt_with_its_reason() {
    for (reply, kind) in [
        (Reply::never(), "timeout"),
        (Reply::reset(), "reset"),
        (Reply::raw(""), "reset"),
        (Reply::raw("garbage\r\n\r\n"), "invalid_response"),
    ] {
        let expected = (DeliveryState::Dead, None, Some(kind.to_owned()));
        assert_eq!(outcome(reply).await, expected);
    }
}

#[tokio::test]
async fn a_410_disables_the_emitter_and_leaves_the_delivery_pending() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before == 0 { 410 } else { 200 })).await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    wait_until(async || !webhooks.is_started("crm")).await;
    let state = webhooks.emitter("crm").unwrap().state();
    assert_eq!(state, EmitterState::Disabled(DisabledReason::Gone));
    webhooks.restart("crm").await.unwrap();
    let received = receiver.wait_for(2).await;
    assert_eq!(received[1].header("x-webhooks-attempt"), "2");
    assert_eq!(settled(&webhooks).await[0].state, DeliveryState::Delivered);
}

#[tokio::test]
async fn retry_after_holds_the_emitter_back() {
    let receiver = Receiver::scripted(|_, before| match before {
        0 => Reply::with_headers(429, &[("retry-after", "1")]),
        _ => Reply::status(200),
    })
    .await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let start = Instant::now();
    webhooks.emit("a", &payload(1)).await.unwrap();
    receiver.wait_for(2).await;
    assert!(
        start.elapsed() >= Duration::from_millis(950),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_429_or_503_says_for_how_long_up_to_the_cap() {
    let hour = 60 * 60;
    for (status, value, secs) in [
        (429, "600", 600),
        (503, "600", 600),
        (503, "Fri, 31 Dec 9999 23:59:59 GMT", hour),
        (429, "99999999999", hour),
        // Without a word that counts, the policy's own wait.
        (429, "soon", 0),
        (500, "600", 0),
    ] {
        let reply = Reply::with_headers(status, &[("retry-after", value)]);
        let receiver = Receiver::scripted(move |_, _| reply.clone()).await;
        let webhooks = builder().build().await.unwrap();
        let wait = Duration::from_secs(30);
        let config = config(&receiver).retry(RetryPolicy::exponential(wait, wait));
        webhooks.attach("crm", ["*"], config).await.unwrap();
        webhooks.emit("a", &payload(1)).await.unwrap();
        let cooling = async || {
            let ids = vec!["crm".try_into().unwrap()];
            webhooks.standing(ids).await.unwrap()[0]
                .health
                .cooling_until
        };
        wait_until(async || cooling().await.is_some()).await;
        let until = cooling().await.unwrap();
        let left = until.saturating_since(Env::system().now()).as_secs();
        let expected = if secs > 0 { secs - 10..=secs } else { 20..=36 };
        assert!(expected.contains(&left), "{status}, {value}: {left} s");
        assert_eq!(receiver.received().len(), 1);
    }
}

/// Knows one name, which leads inside.
struct Inside;

impl Resolve for Inside {
    fn resolve(&self, host: &str) -> ResolveFuture {
        let known = host == "inside.example";
        Box::pin(async move {
            let addresses = vec![[10, 0, 0, 1].into()];
            Ok(if known { addresses } else { Vec::new() })
        })
    }
}

#[tokio::test]
async fn a_name_that_leads_nowhere_or_inside_is_a_failed_attempt_with_its_reason() {
    for (host, kind) in [
        ("inside.example", "forbidden_address"),
        ("nobody.example", "dns"),
    ] {
        let webhooks = builder().resolver(Inside).build().await.unwrap();
        let retry = RetryPolicy::emitter().max_attempts(1);
        let config = EmitterConfig::new(format!("https://{host}/")).unwrap();
        webhooks
            .attach("crm", ["*"], config.retry(retry))
            .await
            .unwrap();
        webhooks.emit("a", &payload(1)).await.unwrap();
        let record = settled(&webhooks).await.remove(0);
        assert_eq!(record.last_error.unwrap().kind.as_str(), kind);
    }
}

#[tokio::test]
async fn a_refused_connection_is_told() {
    let bound = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", bound.local_addr().unwrap());
    drop(bound);
    let webhooks = builder().build().await.unwrap();
    let retry = RetryPolicy::emitter().max_attempts(1);
    let config = EmitterConfig::new(url).unwrap().retry(retry);
    webhooks.attach("crm", ["*"], config).await.unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    let record = settled(&webhooks).await.remove(0);
    assert_eq!(record.last_error.unwrap().kind.as_str(), "refused");
}

use std::{
    convert::Infallible,
    future,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderName, Request, Response, StatusCode};
use tower::{Layer, Service, ServiceExt, service_fn};
use webhooks_core::{
    DeliveryId, EmitterConfig, ErrorKind, MemoryStore, Webhooks,
    store::MemoryLimits,
    transport::{AttemptError, AttemptRequest, AttemptResponse},
};

use crate::{Outbox, WebhooksLayer};

mod inner;

type Arrived = Arc<Mutex<Vec<(String, String)>>>;

/// Webhooks with one emitter for everything, and what arrived there: delivery ID and body.
async fn webhooks_with(limits: MemoryLimits) -> (Webhooks, Arrived) {
    let arrived = Arrived::default();
    let log = arrived.clone();
    let transport = service_fn(move |request: AttemptRequest| {
        let id = request.headers()["x-webhooks-delivery"]
            .to_str()
            .unwrap()
            .to_owned();
        log.lock()
            .unwrap()
            .push((id, String::from_utf8(request.body().to_vec()).unwrap()));
        future::ready(Ok::<_, AttemptError>(AttemptResponse::new(StatusCode::OK)))
    });
    let store = MemoryStore::with_limits(limits);
    let webhooks = Webhooks::builder()
        .store(store)
        .transport(transport)
        .build()
        .await
        .unwrap();
    let config = EmitterConfig::new("https://crm.example/").unwrap();
    webhooks.attach("crm", ["*"], config).await.unwrap();
    (webhooks, arrived)
}

async fn webhooks() -> (Webhooks, Arrived) {
    webhooks_with(MemoryLimits::default()).await
}

fn outbox(request: &Request<()>) -> Outbox {
    request.extensions().get::<Outbox>().unwrap().clone()
}

fn answer(status: u16) -> Response<String> {
    let body = String::from("body");
    Response::builder()
        .status(status)
        .header("x-handler", "1")
        .body(body)
        .unwrap()
}

/// Stages `{}` and answers with `status`.
fn staging(
    status: u16,
) -> impl Service<Request<()>, Response = Response<String>, Error = Infallible, Future: Send> + Clone
{
    service_fn(move |request: Request<()>| {
        outbox(&request)
            .stage("order.created", &serde_json::json!({}))
            .unwrap();
        future::ready(Ok(answer(status)))
    })
}

fn request(id: &str) -> Request<()> {
    Request::builder()
        .header("x-request-id", id)
        .body(())
        .unwrap()
}

async fn settle() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

fn ids(arrived: &Arrived) -> Vec<String> {
    arrived
        .lock()
        .unwrap()
        .iter()
        .map(|(id, _)| id.clone())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn staged_events_go_on_success_and_carry_the_request_id() {
    let (webhooks, arrived) = webhooks().await;
    for status in [200, 204, 302] {
        let service = WebhooksLayer::new(webhooks.clone()).layer(staging(status));
        let id = format!("request-{status}");
        let response = service.oneshot(request(&id)).await.unwrap();
        assert_eq!(
            (response.status().as_u16(), response.body().as_str()),
            (status, "body")
        );
    }
    settle().await;
    assert_eq!(ids(&arrived), ["request-200", "request-204", "request-302"]);
}

#[tokio::test(start_paused = true)]
async fn staged_events_are_dropped_on_failure() {
    let (webhooks, arrived) = webhooks().await;
    for status in [101, 400, 500] {
        let service = WebhooksLayer::new(webhooks.clone()).layer(staging(status));
        assert_eq!(
            service.oneshot(request("r")).await.unwrap().status(),
            status
        );
    }
    let failing = service_fn(|request: Request<()>| {
        outbox(&request)
            .stage("order.created", &serde_json::json!({}))
            .unwrap();
        future::ready(Err::<Response<String>, _>("broken"))
    });
    let service = WebhooksLayer::new(webhooks.clone()).layer(failing);
    assert_eq!(service.oneshot(request("r")).await.unwrap_err(), "broken");
    settle().await;
    assert!(ids(&arrived).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_request_drops_what_it_staged() {
    let (webhooks, arrived) = webhooks().await;
    let kept = Arc::new(Mutex::new(None));
    let slot = kept.clone();
    let hanging = service_fn(move |request: Request<()>| {
        let outbox = outbox(&request);
        outbox
            .stage("order.created", &serde_json::json!({}))
            .unwrap();
        *slot.lock().unwrap() = Some(outbox);
        future::pending::<Result<Response<String>, Infallible>>()
    });
    let service = WebhooksLayer::new(webhooks).layer(hanging);
    let cut = tokio::time::timeout(Duration::from_secs(1), service.oneshot(request("r"))).await;
    assert!(cut.is_err());
    settle().await;
    assert!(ids(&arrived).is_empty());
    let outbox = kept.lock().unwrap().take().unwrap();
    let closed = outbox
        .stage("order.created", &serde_json::json!({}))
        .unwrap_err();
    assert_eq!(closed.kind(), ErrorKind::OutboxClosed);
    outbox
        .emit("order.created", &serde_json::json!({}))
        .await
        .unwrap();
    settle().await;
    assert_eq!(ids(&arrived), ["r"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_append_replaces_the_response() {
    let (webhooks, _) = webhooks_with(MemoryLimits::default().pending(0)).await;
    let service = WebhooksLayer::new(webhooks).layer(staging(200));
    let response = service.oneshot(request("r")).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(response.body(), "");
    assert!(response.headers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_delivery_id_is_the_headers_then_made_then_new() {
    let (webhooks, _) = webhooks().await;
    let echo = service_fn(|request: Request<()>| {
        let id = outbox(&request).delivery_id().to_string();
        future::ready(Ok::<_, Infallible>(Response::new(id)))
    });
    let plain = WebhooksLayer::new(webhooks.clone()).layer(echo);
    let id = |service: Response<String>| service.into_body();
    assert_eq!(
        id(plain.clone().oneshot(request("mine")).await.unwrap()),
        "mine"
    );
    let long = "x".repeat(129);
    for wrong in ["", "with space", &long] {
        let made = id(plain.clone().oneshot(request(wrong)).await.unwrap());
        assert_eq!(made.len(), 36, "{made}");
    }
    let named = WebhooksLayer::new(webhooks)
        .request_id_header(HeaderName::from_static("x-trace"))
        .make_delivery_id(|_: &http::request::Parts| DeliveryId::new("made").ok())
        .layer(echo);
    assert_eq!(
        id(named.clone().oneshot(request("mine")).await.unwrap()),
        "made"
    );
    let own = Request::builder()
        .header("x-trace", "own")
        .body(())
        .unwrap();
    assert_eq!(id(named.oneshot(own).await.unwrap()), "own");
}

#[tokio::test(start_paused = true)]
async fn a_policy_of_the_users_own_decides() {
    let (webhooks, arrived) = webhooks().await;
    let policy = |status: StatusCode, _: &http::HeaderMap| status == StatusCode::IM_A_TEAPOT;
    let layer = WebhooksLayer::new(webhooks).stage_policy(policy);
    layer
        .layer(staging(200))
        .oneshot(request("no"))
        .await
        .unwrap();
    layer
        .layer(staging(418))
        .oneshot(request("yes"))
        .await
        .unwrap();
    settle().await;
    assert_eq!(ids(&arrived), ["yes"]);
}

#[tokio::test(start_paused = true)]
async fn an_outbox_that_is_there_is_used_again() {
    let (webhooks, arrived) = webhooks().await;
    let layer = WebhooksLayer::new(webhooks);
    let service = layer.layer(layer.layer(staging(200)));
    service.oneshot(request("once")).await.unwrap();
    settle().await;
    assert_eq!(ids(&arrived), ["once"]);
}

#[tokio::test(start_paused = true)]
async fn a_1xx_drops_what_was_staged_whatever_the_policy() {
    let (webhooks, arrived) = webhooks().await;
    let all = |_: StatusCode, _: &http::HeaderMap| true;
    let layer = WebhooksLayer::new(webhooks).stage_policy(all);
    for status in [100, 101, 103, 200] {
        let id = format!("request-{status}");
        let response = layer.layer(staging(status)).oneshot(request(&id)).await;
        assert_eq!(response.unwrap().status(), status);
    }
    settle().await;
    assert_eq!(ids(&arrived), ["request-200"]);
}

#[test]
fn the_public_types_can_be_sent() {
    fn assert_send<T: Send>() {}
    fn assert_sync<T: Send + Sync>() {}
    assert_sync::<Outbox>();
    assert_sync::<WebhooksLayer>();
    assert_sync::<crate::WebhooksService<()>>();
    assert_send::<crate::ResponseFuture<(), crate::OnSuccess, String>>();
}

//! Layers around the transport, and another transport in its place.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use axum::http::{HeaderValue, StatusCode};
use tower::{ServiceExt as _, layer::layer_fn, service_fn, util::BoxCloneSyncService};
use webhooks_core::{
    EmitterConfig, Webhooks,
    delivery::DeliveryState,
    test_util::FakeReceiver,
    transport::{AttemptRequest, AttemptResponse, BoxTransport},
};
use webhooks_tests::{Receiver, Reply};

use crate::{builder, config, numbers, payload, settled};

/// A layer that hands each request to `before`, and then to the transport.
fn seeing(
    before: impl Fn(&mut AttemptRequest) + Clone + Send + Sync + 'static,
) -> impl tower::Layer<BoxTransport, Service = BoxTransport> + Send + 'static {
    layer_fn(move |inner: BoxTransport| {
        let before = before.clone();
        BoxCloneSyncService::new(service_fn(move |mut request: AttemptRequest| {
            before(&mut request);
            inner.clone().oneshot(request)
        }))
    })
}

fn text(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap()
}

#[tokio::test]
async fn a_layer_sees_and_changes_every_attempt() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before == 0 { 500 } else { 200 })).await;
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let counting = seeing(move |request| {
        let number = count.fetch_add(1, Ordering::SeqCst) + 1;
        let value = text(&number.to_string());
        request.headers_mut().insert("x-count", value);
    });
    let webhooks = builder().transport_layer(counting).build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    for n in 0..2 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0, 0, 1]));
    let counts: Vec<String> = receiver
        .received()
        .iter()
        .map(|received| received.header("x-count").to_owned())
        .collect();
    assert_eq!(counts, ["1", "2", "3"]);
    assert_eq!(seen.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn the_layer_that_is_added_last_sees_an_attempt_first() {
    let receiver = Receiver::start().await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let noting = |name: &'static str| {
        let order = order.clone();
        seeing(move |_| order.lock().unwrap().push(name))
    };
    let webhooks = builder()
        .transport_layer(noting("inner"))
        .transport_layer(noting("outer"))
        .build()
        .await
        .unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(*order.lock().unwrap(), ["outer", "inner"]);
}

#[tokio::test]
async fn a_layer_may_answer_in_the_transports_place() {
    let receiver = Receiver::start().await;
    let answering = layer_fn(|_: BoxTransport| {
        service_fn(|_| async { Ok(AttemptResponse::new(StatusCode::NO_CONTENT)) })
    });
    let webhooks = builder().transport_layer(answering).build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    let record = settled(&webhooks).await.remove(0);
    assert_eq!(record.state, DeliveryState::Delivered);
    assert_eq!(record.last_status, Some(204));
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_transport_of_the_applications_own_takes_the_place_of_the_default() {
    let fake = FakeReceiver::default();
    let webhooks = Webhooks::builder()
        .transport(fake.clone())
        .build()
        .await
        .unwrap();
    let config = EmitterConfig::new("https://crm.example/hooks").unwrap();
    webhooks.attach("crm", ["*"], config).await.unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    settled(&webhooks).await;
    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].url, "https://crm.example/hooks");
    assert_eq!(requests[0].body, payload(0).to_string());
}

//! What a receiver sees.

use webhooks_core::{
    DeliveryId, Event, OrderingKey, Payload,
    env::Env,
    event::TraceParent,
    sign::{Secret, Verifier, verify_emitter},
};
use webhooks_tests::{Receiver, Reply};

use crate::{builder, config, payload};

const TRACE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[tokio::test]
async fn a_request_carries_everything_and_the_bytes_as_they_were() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let secret = Secret::generate(&Env::system());
    let config = config(&receiver)
        .secret(secret.clone())
        .header("x-team", "billing")
        .unwrap();
    webhooks.attach("crm", ["order.*"], config).await.unwrap();
    let body = r#"{ "b": 340282366920938463463374607431768211455, "a":1.50 }"#;
    let event = Event::new("order.created", Payload::from_json(body).unwrap())
        .unwrap()
        .delivery_id(DeliveryId::new("request-1").unwrap())
        .ordering_key(OrderingKey::new("customer-17").unwrap())
        .trace_parent(TraceParent::new(TRACE).unwrap());
    let receipt = webhooks.emit_with(event).await.unwrap();
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.body, body);
    for (name, value) in [
        ("content-type", "application/json"),
        (
            "user-agent",
            concat!("webhooks/", env!("CARGO_PKG_VERSION")),
        ),
        ("accept-encoding", "identity"),
        ("webhook-id", &receipt.message_id.to_string()),
        ("x-webhooks-event", "order.created"),
        ("x-webhooks-attempt", "1"),
        ("x-webhooks-ordering-key", "customer-17"),
        ("x-webhooks-delivery", "request-1"),
        ("traceparent", TRACE),
        ("x-team", "billing"),
    ] {
        assert_eq!(received.header(name), value, "{name}");
    }
    verify_emitter(
        &secret,
        received.header("x-webhooks-signature"),
        body.as_bytes(),
    )
    .unwrap();
    let mut headers = axum::http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name, received.header(name).parse().unwrap());
    }
    let verifier = Verifier::new(secret).unwrap();
    verifier
        .verify(&headers, body.as_bytes(), Env::system().now())
        .unwrap();
}

#[tokio::test]
async fn the_header_identifier_names_the_headers() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let config = config(&receiver).header_identifier("Yourapp");
    webhooks.attach("crm", ["*"], config).await.unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("x-yourapp-event"), "a");
    assert!(received.find("x-yourapp-signature").is_some());
    assert!(received.find("x-webhooks-event").is_none());
}

#[tokio::test]
async fn every_attempt_has_the_same_body_and_id_and_counts_on() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before < 2 { 500 } else { 200 })).await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.emit("a", &payload(1)).await.unwrap();
    let received = receiver.wait_for(3).await;
    let attempts: Vec<&str> = received
        .iter()
        .map(|received| received.header("x-webhooks-attempt"))
        .collect();
    assert_eq!(attempts, ["1", "2", "3"]);
    for one in &received {
        assert_eq!(one.body, payload(1).to_string());
        assert_eq!(one.header("webhook-id"), received[0].header("webhook-id"));
    }
}

//! Payloads that are refused: a typed error, and nothing is queued.

use serde_json::{Value, json};
use webhooks_core::{
    Backlog, Error, ErrorKind, Event, Payload, Webhooks,
    store::{DeliveryFilter, DeliveryRecord},
};
use webhooks_tests::Receiver;

use crate::{builder, config, numbers, payload, settled};

/// What serialises to this many bytes.
fn of_size(bytes: usize) -> Value {
    json!({ "a": "x".repeat(bytes - r#"{"a":""}"#.len()) })
}

async fn log(webhooks: &Webhooks) -> Vec<DeliveryRecord> {
    let page = webhooks.deliveries(DeliveryFilter::default()).await;
    page.unwrap().items
}

fn refused<T>(result: Result<T, Error>) -> ErrorKind {
    result.map(drop).unwrap_err().kind()
}

#[tokio::test]
async fn a_payload_above_the_limit_is_refused_and_nothing_is_queued() {
    let receiver = Receiver::start().await;
    let webhooks = builder().payload_limit(64).build().await.unwrap();
    assert_eq!(webhooks.payload_limit(), 64);
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let large = || Event::new("a", &of_size(65)).unwrap();
    let kind = ErrorKind::PayloadTooLarge;
    assert_eq!(refused(webhooks.emit("a", &of_size(65)).await), kind);
    assert_eq!(refused(webhooks.emit_with(large()).await), kind);
    assert_eq!(refused(webhooks.emit_to("crm", large()).await), kind);
    assert_eq!(refused(webhooks.check(&large())), kind);
    let beside = Event::new("a", &payload(1)).unwrap();
    let batch = [beside.clone(), large(), beside];
    assert_eq!(refused(webhooks.emit_batch(batch).await), kind);
    assert!(log(&webhooks).await.is_empty());
    webhooks.emit("a", &of_size(64)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), [of_size(64).to_string()]);
}

#[tokio::test]
async fn a_payload_of_a_mebibyte_goes_through_and_one_byte_more_does_not() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let emitted = webhooks.emit("a", &of_size((1 << 20) + 1)).await;
    assert_eq!(refused(emitted), ErrorKind::PayloadTooLarge);
    webhooks.emit("a", &of_size(1 << 20)).await.unwrap();
    settled(&webhooks).await;
    let bodies = receiver.bodies();
    assert_eq!((bodies.len(), bodies[0].len()), (1, 1 << 20));
}

#[tokio::test]
async fn what_is_no_object_or_too_deep_is_refused_and_nothing_is_queued() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    for value in [json!(null), json!(1), json!("text"), json!([{}])] {
        let emitted = webhooks.emit("a", &value).await;
        assert_eq!(refused(emitted), ErrorKind::InvalidPayload, "{value}");
    }
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "a": inner }));
    let too_deep = webhooks.emit("a", &nested(129)).await;
    assert_eq!(refused(too_deep), ErrorKind::PayloadTooDeep);
    assert!(log(&webhooks).await.is_empty());
    webhooks.emit("a", &nested(128)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), [nested(128).to_string()]);
}

#[tokio::test]
async fn text_that_is_not_a_json_object_never_becomes_a_payload() {
    for text in ["", "{", "[]", "1", "{} {}", "{'a': 1}", "{\"a\": 01}"] {
        let kind = refused(Payload::from_json(text));
        assert_eq!(kind, ErrorKind::InvalidPayload, "{text}");
    }
}

#[tokio::test]
async fn a_name_that_is_none_is_refused_and_nothing_is_queued() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let long = "x".repeat(257);
    for name in ["", "a b", "order.*", "é", &long] {
        let emitted = webhooks.emit(name, &payload(0)).await;
        assert_eq!(refused(emitted), ErrorKind::InvalidValue, "{name}");
    }
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    assert!(log(&webhooks).await.is_empty());
    webhooks.restart("crm").await.unwrap();
    webhooks.emit(&long[1..], &payload(1)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([1]));
}

//! Who gets an event: one emitter by its ID, those of a tenant, those of each event of a batch.

use webhooks_core::{
    Backlog, EmitterState, Error, ErrorKind, Event, Receipt, Tenant, Webhooks,
    emitter::DisabledReason,
    store::{DeliveryFilter, DeliveryRecord},
};
use webhooks_tests::{Receiver, Reply};

use crate::{builder, config, numbers, payload, settled, wait_until};

fn event(n: usize) -> Event {
    Event::new("a", &payload(n)).unwrap()
}

fn tenant(name: &str) -> Tenant {
    Tenant::new(name).unwrap()
}

fn refused(result: Result<Receipt, Error>) -> ErrorKind {
    result.unwrap_err().kind()
}

async fn log(webhooks: &Webhooks) -> Vec<DeliveryRecord> {
    let page = webhooks.deliveries(DeliveryFilter::default()).await;
    page.unwrap().items
}

#[tokio::test]
async fn an_addressed_event_reaches_its_emitter_alone_whatever_its_patterns() {
    let (one, other) = (Receiver::start().await, Receiver::start().await);
    let webhooks = builder().build().await.unwrap();
    webhooks.attach("one", ["b"], config(&one)).await.unwrap();
    webhooks
        .attach("other", ["*"], config(&other))
        .await
        .unwrap();
    let receipt = webhooks.emit_to("one", event(1)).await.unwrap();
    assert_eq!(receipt.deliveries, 1);
    let log = settled(&webhooks).await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].key.message_id, receipt.message_id);
    assert_eq!(one.received()[0].header("x-webhooks-event"), "a");
    assert!(other.received().is_empty());
}

#[tokio::test]
async fn an_event_that_matches_several_patterns_of_an_emitter_reaches_it_once() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let patterns = ["a", "b", "a", "*"];
    webhooks
        .attach("crm", patterns, config(&receiver))
        .await
        .unwrap();
    let kept = webhooks.emitter("crm").unwrap().patterns().len();
    assert_eq!(kept, 3, "one that appears twice counts once");
    for (n, name) in ["a", "b", "c"].into_iter().enumerate() {
        let receipt = webhooks.emit(name, &payload(n)).await.unwrap();
        assert_eq!(receipt.deliveries, 1);
    }
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..3));
}

#[tokio::test]
async fn an_event_reaches_every_emitter_that_listens_and_nobody_is_no_error() {
    let (one, other) = (Receiver::start().await, Receiver::start().await);
    let webhooks = builder().build().await.unwrap();
    webhooks.attach("one", ["a"], config(&one)).await.unwrap();
    webhooks
        .attach("other", ["a", "b"], config(&other))
        .await
        .unwrap();
    for (n, (name, listeners)) in [("a", 2), ("b", 1), ("c", 0)].into_iter().enumerate() {
        let receipt = webhooks.emit(name, &payload(n)).await.unwrap();
        assert_eq!(receipt.deliveries, listeners, "{name}");
    }
    settled(&webhooks).await;
    assert_eq!(one.bodies(), numbers([0]));
    assert_eq!(other.bodies(), numbers(0..2));
}

#[tokio::test]
async fn an_event_to_an_unknown_emitter_is_an_error_and_leaves_nothing() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let to_nobody = webhooks.emit_to("crm", event(1)).await;
    assert_eq!(refused(to_nobody), ErrorKind::NotFound);
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.detach("crm").await.unwrap();
    let to_detached = webhooks.emit_to("crm", event(2)).await;
    assert_eq!(refused(to_detached), ErrorKind::NotFound);
    assert!(log(&webhooks).await.is_empty());
}

#[tokio::test]
async fn an_addressed_event_and_its_emitter_agree_on_the_tenant() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let of_acme = config(&receiver).tenant(tenant("acme"));
    webhooks.attach("acme", ["*"], of_acme).await.unwrap();
    webhooks
        .attach("nobodys", ["*"], config(&receiver))
        .await
        .unwrap();
    for (id, event) in [
        ("acme", event(1)),
        ("acme", event(2).tenant(tenant("other"))),
        ("nobodys", event(3).tenant(tenant("acme"))),
    ] {
        let emitted = webhooks.emit_to(id, event).await;
        assert_eq!(refused(emitted), ErrorKind::TenantMismatch);
    }
    let agreed = event(4).tenant(tenant("acme"));
    webhooks.emit_to("acme", agreed).await.unwrap();
    webhooks.emit_to("nobodys", event(5)).await.unwrap();
    assert_eq!(settled(&webhooks).await.len(), 2);
    let mut bodies = receiver.bodies();
    bodies.sort();
    assert_eq!(bodies, numbers([4, 5]));
}

#[tokio::test]
async fn an_event_to_a_paused_emitter_waits_or_does_not_reach_it() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    let unheard = webhooks.emit_to("crm", event(0)).await.unwrap();
    assert_eq!(unheard.deliveries, 0);
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    for n in 1..3 {
        let queued = webhooks.emit_to("crm", event(n)).await.unwrap();
        assert_eq!(queued.deliveries, 1);
    }
    assert!(receiver.received().is_empty());
    webhooks.restart("crm").await.unwrap();
    assert_eq!(settled(&webhooks).await.len(), 2);
    assert_eq!(receiver.bodies(), numbers(1..3));
}

#[tokio::test]
async fn a_disabled_emitter_accepts_nothing_new_and_keeps_what_is_queued() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before == 0 { 410 } else { 200 })).await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let batch = webhooks.emit_batch((0..2).map(event)).await.unwrap();
    assert!(batch.iter().all(|receipt| receipt.deliveries == 1));
    wait_until(async || !webhooks.is_started("crm")).await;
    let state = webhooks.emitter("crm").unwrap().state();
    assert_eq!(state, EmitterState::Disabled(DisabledReason::Gone));
    let addressed = webhooks.emit_to("crm", event(2)).await.unwrap();
    let matched = webhooks.emit_with(event(3)).await.unwrap();
    assert_eq!((addressed.deliveries, matched.deliveries), (0, 0));
    webhooks.restart("crm").await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0, 0, 1]));
}

#[tokio::test]
async fn an_event_reaches_the_emitters_of_its_tenant_and_no_others() {
    let webhooks = builder().build().await.unwrap();
    let mut receivers = Vec::new();
    for name in [None, Some("acme"), Some("other")] {
        let receiver = Receiver::start().await;
        let config = config(&receiver).tenant(name.map(tenant));
        let id = name.unwrap_or("nobodys");
        webhooks.attach(id, ["*"], config).await.unwrap();
        receivers.push(receiver);
    }
    for (n, name) in [None, Some("acme"), Some("other"), Some("unknown")]
        .into_iter()
        .enumerate()
    {
        let event = event(n).tenant(name.map(tenant));
        let receipt = webhooks.emit_with(event).await.unwrap();
        assert_eq!(receipt.deliveries, usize::from(name != Some("unknown")));
    }
    settled(&webhooks).await;
    for (n, receiver) in receivers.iter().enumerate() {
        assert_eq!(receiver.bodies(), numbers([n]));
    }
}

#[tokio::test]
async fn a_batch_arrives_in_its_order_and_its_receipts_are_in_it_too() {
    let (all, some) = (Receiver::start().await, Receiver::start().await);
    let webhooks = builder().build().await.unwrap();
    webhooks.attach("all", ["*"], config(&all)).await.unwrap();
    webhooks
        .attach("some", ["even"], config(&some))
        .await
        .unwrap();
    let name = |n: usize| if n.is_multiple_of(2) { "even" } else { "odd" };
    let events = (0..40).map(|n| Event::new(name(n), &payload(n)).unwrap());
    let receipts = webhooks.emit_batch(events).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(all.bodies(), numbers(0..40));
    assert_eq!(some.bodies(), numbers((0..40).step_by(2)));
    let ids: Vec<String> = all
        .received()
        .iter()
        .map(|received| received.header("webhook-id").to_owned())
        .collect();
    let receipt_ids: Vec<String> = receipts
        .iter()
        .map(|receipt| receipt.message_id.to_string())
        .collect();
    assert_eq!(ids, receipt_ids);
    let counts: Vec<usize> = receipts.iter().map(|receipt| receipt.deliveries).collect();
    assert_eq!(counts, [2, 1].repeat(20));
}

#[tokio::test]
async fn a_batch_of_nothing_has_no_receipts() {
    let webhooks = builder().build().await.unwrap();
    let receipts = webhooks.emit_batch(Vec::new()).await.unwrap();
    assert!(receipts.is_empty());
}

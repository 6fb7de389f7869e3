//! Receivers that never answer hold nobody up.

use webhooks_core::{
    EmitterConfig, Event, Tenant,
    transport::{Resolve, ResolveFuture},
};
use webhooks_tests::{Gate, Received, Receiver, Reply};

use crate::{builder, config, payload, wait_until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_black_holes_beside_a_healthy_emitter() {
    let (hole, healthy) = (
        Receiver::scripted(|_, _| Reply::never()).await,
        Receiver::start().await,
    );
    let webhooks = builder().in_flight(64).build().await.unwrap();
    webhooks
        .attach("healthy", ["*"], config(&healthy))
        .await
        .unwrap();
    // An emitter that has not succeeded yet stands in line with the holes.
    webhooks.emit("first", &payload(0)).await.unwrap();
    healthy.wait_for(1).await;
    for n in 0..200 {
        webhooks
            .attach(format!("hole-{n}"), ["a"], config(&hole))
            .await
            .unwrap();
    }
    for n in 1..=20 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    assert_eq!(healthy.wait_for(21).await.len(), 21);
    assert!(hole.received().len() <= 32, "half of what may be in flight");
}

/// Never answers for names that begin with `dead`.
struct Partly;

impl Resolve for Partly {
    fn resolve(&self, host: &str) -> ResolveFuture {
        if host.starts_with("dead") {
            return Box::pin(std::future::pending());
        }
        Box::pin(async { Ok(vec![[127, 0, 0, 1].into()]) })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolver_that_never_answers_holds_up_only_those_it_is_asked_for() {
    let healthy = Receiver::start().await;
    let webhooks = builder().resolver(Partly).build().await.unwrap();
    webhooks
        .attach("healthy", ["*"], config(&healthy))
        .await
        .unwrap();
    webhooks.emit("first", &payload(0)).await.unwrap();
    healthy.wait_for(1).await;
    for n in 0..100 {
        let config = EmitterConfig::new(format!("https://dead-{n}.example/")).unwrap();
        webhooks
            .attach(format!("dead-{n}"), ["*"], config)
            .await
            .unwrap();
    }
    for n in 1..=20 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    assert_eq!(healthy.wait_for(21).await.len(), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tenants_flood_leaves_another_tenants_trickle_its_turns() {
    const IN_FLIGHT: usize = 4;
    let gate = Gate::closed();
    let held = gate.clone();
    let receiver = Receiver::scripted(move |_, _| Reply::status(200).held_by(&held)).await;
    let webhooks = builder().in_flight(IN_FLIGHT).build().await.unwrap();
    let (flood, trickle) = (
        Tenant::new("flood").unwrap(),
        Tenant::new("trickle").unwrap(),
    );
    for n in 0..50 {
        let config = config(&receiver).tenant(flood.clone());
        webhooks
            .attach(format!("flood-{n}"), ["*"], config)
            .await
            .unwrap();
    }
    webhooks
        .attach("trickle", ["*"], config(&receiver).tenant(trickle.clone()))
        .await
        .unwrap();
    let events = (0..100).map(|n| Event::new("a", &payload(n)).unwrap().tenant(flood.clone()));
    webhooks.emit_batch(events).await.unwrap();
    // Emitters that have not succeeded yet hold at most half of what may be in flight.
    receiver.wait_for(IN_FLIGHT / 2).await;
    let event = Event::new("trickle", &payload(0)).unwrap().tenant(trickle);
    webhooks.emit_with(event).await.unwrap();
    gate.open();
    let is_trickle = |one: &Received| one.header("x-webhooks-event") == "trickle";
    wait_until(async || receiver.received().iter().any(is_trickle)).await;
    let at = receiver.received().iter().position(is_trickle).unwrap();
    // Each request in flight may go on with its lane for a while before anybody has a turn.
    assert!(at < 500, "5,000 were queued before it, and {at} went first");
}

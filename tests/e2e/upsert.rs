//! A configuration that is replaced while deliveries are queued.

use webhooks_core::{
    Backlog, EmitterState, ErrorKind, Tenant, Webhooks,
    delivery::DeliveryState,
    env::Env,
    sign::{Secret, verify_emitter},
};
use webhooks_tests::{Receiver, Reply};

use super::builder;
use crate::{becomes, config, holding_the_first, numbers, payload, settled, wait_until};

async fn attached(receiver: &Receiver) -> Webhooks {
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(receiver))
        .await
        .unwrap();
    webhooks
}

#[tokio::test]
async fn a_new_url_holds_for_what_is_queued_and_the_log_says_where_each_attempt_went() {
    let (old, gate) = holding_the_first(500).await;
    let new = Receiver::start().await;
    let webhooks = attached(&old).await;
    let first = webhooks.emit("a", &payload(0)).await.unwrap();
    let second = webhooks.emit("a", &payload(1)).await.unwrap();
    old.wait_for(1).await;
    webhooks.upsert("crm", ["*"], config(&new)).await.unwrap();
    gate.open();
    becomes(&webhooks, &second, DeliveryState::Delivered).await;
    assert_eq!(old.bodies(), numbers([0]));
    assert_eq!(new.bodies(), numbers(0..2));
    assert_eq!(new.received()[0].header("x-webhooks-attempt"), "2");
    let key = crate::record(&webhooks, &first).await.key;
    let attempts = webhooks.delivery(key).await.unwrap().unwrap().attempts;
    let urls: Vec<&str> = attempts.iter().map(|attempt| &*attempt.url).collect();
    assert_eq!(urls, [old.url("/hooks"), new.url("/hooks")]);
}

#[tokio::test]
async fn a_pattern_that_is_removed_leaves_what_is_queued() {
    let (receiver, gate) = holding_the_first(200).await;
    let webhooks = attached(&receiver).await;
    for n in 0..3 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(1).await;
    webhooks
        .upsert("crm", ["b"], config(&receiver))
        .await
        .unwrap();
    assert_eq!(webhooks.emit("a", &payload(3)).await.unwrap().deliveries, 0);
    assert_eq!(webhooks.emit("b", &payload(4)).await.unwrap().deliveries, 1);
    gate.open();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0, 1, 2, 4]));
}

#[tokio::test]
async fn neither_a_pause_nor_its_queue_is_ended() {
    let receiver = Receiver::start().await;
    let webhooks = attached(&receiver).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    let config = config(&receiver).lanes(2);
    webhooks.upsert("crm", ["*"], config).await.unwrap();
    let state = webhooks.emitter("crm").unwrap().state();
    assert_eq!(state, EmitterState::Paused(Backlog::Keep));
    assert!(receiver.received().is_empty());
    webhooks.restart("crm").await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0]));
}

#[tokio::test]
async fn a_disabled_emitter_stays_disabled() {
    let receiver =
        Receiver::scripted(|_, before| Reply::status(if before == 0 { 410 } else { 200 })).await;
    let webhooks = attached(&receiver).await;
    webhooks.emit("a", &payload(0)).await.unwrap();
    wait_until(async || !webhooks.is_started("crm")).await;
    webhooks
        .upsert("crm", ["a"], config(&receiver))
        .await
        .unwrap();
    assert!(!webhooks.is_started("crm"));
    assert_eq!(webhooks.emit("a", &payload(1)).await.unwrap().deliveries, 0);
    webhooks.restart("crm").await.unwrap();
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers([0, 0]));
}

#[tokio::test]
async fn keys_stay_unless_a_secret_is_given_which_then_signs_what_is_queued() {
    let (receiver, gate) = holding_the_first(500).await;
    let webhooks = builder().build().await.unwrap();
    let [before, after] = [(); 2].map(|()| Secret::generate(&Env::system()));
    let with_secret = config(&receiver).secret(before.clone());
    webhooks.attach("crm", ["*"], with_secret).await.unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
    webhooks
        .upsert("crm", ["a"], config(&receiver))
        .await
        .unwrap();
    let keys = webhooks.emitter("crm").unwrap().keys().len();
    assert_eq!(keys, 1);
    let with_another = config(&receiver).secret(after.clone());
    webhooks.upsert("crm", ["a"], with_another).await.unwrap();
    gate.open();
    settled(&webhooks).await;
    for (received, secret) in receiver.received().iter().zip([before, after]) {
        let signature = received.header("x-webhooks-signature");
        verify_emitter(&secret, signature, received.body.as_bytes()).unwrap();
    }
    assert_eq!(receiver.bodies(), numbers([0, 0]));
}

#[tokio::test]
async fn the_tenant_cannot_change_and_nothing_else_does_then() {
    let (old, new) = (Receiver::start().await, Receiver::start().await);
    let webhooks = attached(&old).await;
    let of_acme = config(&new).tenant(Tenant::new("acme").unwrap());
    let refused = webhooks.upsert("crm", ["*"], of_acme).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::TenantMismatch);
    webhooks.emit("a", &payload(0)).await.unwrap();
    settled(&webhooks).await;
    assert_eq!(old.bodies(), numbers([0]));
    assert!(new.received().is_empty());
}

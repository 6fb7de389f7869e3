//! Attach, pause, restart, detach, also at once; and the end.

use std::time::Duration;

use webhooks_core::{Backlog, ErrorKind, delivery::DeliveryState, store::Reason};
use webhooks_tests::{Receiver, Reply};

use super::builder;
use crate::{config, payload, settled};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_attaches_at_once_exactly_one_wins() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    for round in 0..50 {
        let id = format!("crm-{round}");
        let attach = || {
            let (webhooks, id, config) = (webhooks.clone(), id.clone(), config(&receiver));
            tokio::spawn(async move { webhooks.attach(id, ["*"], config).await })
        };
        let (first, second) = (attach(), attach());
        let results = [first.await.unwrap(), second.await.unwrap()];
        let lost: Vec<ErrorKind> = results
            .iter()
            .filter_map(|result| Some(result.as_ref().err()?.kind()))
            .collect();
        assert_eq!(lost, [ErrorKind::AlreadyExists]);
    }
}

#[tokio::test]
async fn the_matrix_of_states() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    let attach = async || {
        let attached = webhooks.attach("crm", ["*"], config(&receiver)).await;
        attached.map(drop).map_err(|error| error.kind())
    };
    let restart = async || {
        webhooks
            .restart("crm")
            .await
            .map(drop)
            .map_err(|error| error.kind())
    };
    // Unknown.
    webhooks.detach("crm").await.unwrap();
    assert!(
        webhooks
            .pause("crm", Backlog::Keep)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(restart().await, Err(ErrorKind::NotFound));
    assert!(!webhooks.is_started("crm"));
    // Running.
    assert_eq!(attach().await, Ok(()));
    assert_eq!(webhooks.emitters(), ["crm"]);
    assert_eq!(attach().await, Err(ErrorKind::AlreadyExists));
    assert_eq!(restart().await, Err(ErrorKind::AlreadyRunning));
    // Paused.
    for backlog in [Backlog::Keep, Backlog::Discard] {
        webhooks.pause("crm", backlog).await.unwrap();
        assert_eq!(attach().await, Err(ErrorKind::AlreadyPresent));
        assert!(webhooks.emitters().is_empty());
    }
    assert_eq!(restart().await, Ok(()));
    assert!(webhooks.is_started("crm"));
    webhooks.detach("crm").await.unwrap();
    assert_eq!(attach().await, Ok(()));
}

#[tokio::test]
async fn a_pause_that_discards_records_what_it_discards() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    for n in 0..3 {
        assert_eq!(webhooks.emit("a", &payload(n)).await.unwrap().deliveries, 1);
    }
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    assert_eq!(webhooks.emit("a", &payload(3)).await.unwrap().deliveries, 0);
    let log = settled(&webhooks).await;
    assert_eq!(log.len(), 3);
    for record in log {
        assert_eq!(record.state, DeliveryState::Discarded);
        assert_eq!(record.reason.map(Reason::as_str), Some("paused"));
    }
    webhooks.restart("crm").await.unwrap();
    assert!(receiver.received().is_empty());
}

#[tokio::test]
async fn a_detached_emitter_gets_nothing_more() {
    let receiver = Receiver::scripted(|_, _| Reply::status(500)).await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    for n in 0..3 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(1).await;
    webhooks.detach("crm").await.unwrap();
    let log = settled(&webhooks).await;
    assert!(
        log.iter()
            .all(|record| record.reason.map(Reason::as_str) == Some("detached"))
    );
    let seen = receiver.received().len();
    webhooks
        .attach("crm", ["*"], config(&Receiver::start().await))
        .await
        .unwrap();
    assert!(
        receiver.received().len() <= seen + 1,
        "at most what was in flight"
    );
}

#[tokio::test]
async fn a_shutdown_ends_within_its_grace_and_says_what_is_left() {
    let receiver = Receiver::scripted(|_, _| Reply::never()).await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let mut happenings = webhooks.subscribe();
    for n in 0..3 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(1).await;
    let ended = webhooks.shutdown(Duration::from_millis(200));
    let report = tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((report.pending, report.cut), (3, 1));
    while happenings.next().await.is_some() {}
}

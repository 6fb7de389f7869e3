//! A process that is killed at each of its commits in turn.

use std::time::Duration;

use tokio::time::sleep;
use webhooks_core::{
    delivery::DeliveryState,
    store::{DeliveryFilter, Store as _, conformance::Crash},
};

use crate::{Place, Receiver, SECOND, build, config, payload};

const EVENTS: usize = 5;

/// The numbers of the events that were acknowledged to a process, and whether it was killed.
struct Life {
    acknowledged: Vec<usize>,
    attached: bool,
    crashed: bool,
}

/// A process that is killed at its `n`-th commit, if it has so many.
fn live(place: &Place, receiver: &Receiver, n: u64, crash: Crash) -> Life {
    let (life, _) = place.simulate(async |env| {
        let store = place.open(&env);
        store.crash_at(n, crash);
        let mut life = Life {
            acknowledged: Vec::new(),
            attached: false,
            crashed: false,
        };
        if let Ok(webhooks) = build(store.clone(), receiver, &env).await {
            life.attached = webhooks
                .attach("crm", ["*"], config(5 * SECOND))
                .await
                .is_ok();
            for n in 0..EVENTS {
                let receipt = webhooks.emit("a", &payload(n)).await;
                if receipt.is_ok_and(|receipt| receipt.deliveries == 1) {
                    life.acknowledged.push(n);
                }
                sleep(Duration::from_millis(100)).await;
            }
            sleep(30 * SECOND).await;
        }
        life.crashed = store.is_crashed();
        life
    });
    life
}

/// Another process, later: how many events it finds, all delivered in the end.
fn recover(place: &Place, receiver: &Receiver, what: &str) -> (usize, bool) {
    let (found, _) = place.simulate(async |env| {
        let store = place.open(&env);
        let webhooks = build(store.clone(), receiver, &env).await.unwrap();
        sleep(60 * SECOND).await;
        let all = store.deliveries(DeliveryFilter::default()).await.unwrap();
        for record in &all.items {
            assert_eq!(record.state, DeliveryState::Delivered, "{what}: {record:?}");
        }
        (all.items.len(), webhooks.is_started("crm"))
    });
    found
}

/// Kills a process at its first commit, then at its second, until there are no more; `check` gets what
/// was acknowledged to it and what is found.
fn each_commit(crash: Crash, check: impl Fn(&str, &Life, (usize, bool))) {
    for n in 1.. {
        let what = format!("commit {n}, {crash:?}");
        let (place, receiver) = (Place::new(), Receiver::refusing(1));
        let life = live(&place, &receiver, n, crash);
        let found = recover(&place, &receiver, &what);
        let arrived = receiver.first_arrivals();
        for number in &life.acknowledged {
            assert!(arrived.contains(number), "{what}: {number} is lost");
        }
        assert!(arrived.is_sorted(), "{what}: {arrived:?}");
        check(&what, &life, found);
        if !life.crashed {
            assert_eq!(life.acknowledged.len(), EVENTS, "{what}");
            assert!(n > 10, "a life has more commits: {n}");
            return;
        }
    }
}

#[test]
fn a_crash_before_a_commit_loses_exactly_what_was_not_acknowledged() {
    each_commit(Crash::BeforeCommit, |what, life, (events, attached)| {
        assert_eq!(attached, life.attached, "{what}");
        assert_eq!(events, life.acknowledged.len(), "{what}");
    });
}

#[test]
fn a_crash_after_a_commit_loses_nothing() {
    let unanswered = std::cell::Cell::new((0, 0));
    each_commit(Crash::AfterCommit, |what, life, (events, attached)| {
        let acknowledged = life.acknowledged.len();
        assert!(attached || !life.attached, "{what}");
        assert!(
            (acknowledged..=acknowledged + 1).contains(&events),
            "{what}: {events} of {acknowledged}"
        );
        let (emits, attaches) = unanswered.get();
        unanswered.set((
            emits + events - acknowledged,
            attaches + usize::from(attached && !life.attached),
        ));
    });
    // Each of them was the last commit of one of the processes.
    assert_eq!(unanswered.get(), (EVENTS, 1));
}

//! Events in the application's own transaction: there if and only if it commits.

use std::time::Duration;

use tokio::time::Instant;
use webhooks_core::{
    Backlog, Event, Webhooks,
    delivery::{DeliveryKey, DeliveryState},
    store::{Receipt, sqlite::rusqlite::Connection},
};

use crate::{Place, Receiver, attached, numbers, payload};

pub(crate) fn event(n: usize) -> Event {
    Event::new("a", &payload(n)).unwrap()
}

/// A connection of the application's, with a table of its own.
pub(crate) fn application(place: &Place) -> Connection {
    let connection = place.connection();
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS orders (id INTEGER)")
        .unwrap();
    connection
}

pub(crate) fn run(connection: &Connection, sql: &str) {
    connection.execute_batch(sql).unwrap();
}

fn orders(place: &Place) -> usize {
    place.count("SELECT count(*) FROM orders", [])
}

#[tokio::test]
async fn it_arrives_promptly_after_the_commit() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    let mut took = Vec::new();
    for n in 0..20 {
        run(
            &application,
            "BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)",
        );
        webhooks.emit_in(&application, event(n)).unwrap();
        run(&application, "COMMIT");
        let committed = Instant::now();
        // Nothing else goes on that the store could notice it by.
        receiver.wait_for(n + 1).await;
        took.push(committed.elapsed());
    }
    took.sort_unstable();
    let (median, longest) = (took[10], took[19]);
    eprintln!("from the commit to the receiver: median {median:?}, longest {longest:?}");
    assert!(longest < Duration::from_secs(5));
    assert_eq!(receiver.bodies(), numbers(0..20));
    assert_eq!(orders(&place), 20);
}

#[tokio::test]
async fn it_does_not_arrive_before_the_commit() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    receiver.answers(false);
    for n in 0..5 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    receiver.wait_for(1).await;
    run(&application, "BEGIN IMMEDIATE");
    let receipt = webhooks.emit_in(&application, event(5)).unwrap();
    assert_eq!(receipt.deliveries, 1);
    receiver.answers(true);
    assert_eq!(receiver.wait_for(5).await, numbers(0..5));
    assert!(
        webhooks
            .message(receipt.message_id)
            .await
            .unwrap()
            .is_none()
    );
    // The store looks several times meanwhile.
    let mut looks = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..5 {
        looks.tick().await;
        assert_eq!(receiver.bodies().len(), 5);
    }
    run(&application, "COMMIT");
    assert_eq!(receiver.wait_for(6).await, numbers(0..6));
}

#[tokio::test]
async fn what_is_rolled_back_never_arrives() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    let emit = |n| webhooks.emit_in(&application, event(n)).unwrap();
    run(
        &application,
        "BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)",
    );
    emit(90);
    run(&application, "ROLLBACK");
    run(&application, "BEGIN IMMEDIATE");
    emit(0);
    run(&application, "SAVEPOINT outer_one");
    emit(91);
    run(&application, "SAVEPOINT inner_one");
    emit(92);
    run(&application, "RELEASE inner_one; ROLLBACK TO outer_one");
    emit(1);
    run(
        &application,
        "SAVEPOINT kept; INSERT INTO orders VALUES (2)",
    );
    emit(2);
    run(&application, "RELEASE kept; RELEASE outer_one; COMMIT");
    run(&application, "BEGIN");
    emit(93);
    run(&application, "ROLLBACK");
    webhooks.emit("a", &payload(3)).await.unwrap();
    assert_eq!(receiver.wait_for(4).await, numbers(0..4));
    let messages = place.count("SELECT count(*) FROM webhooks_messages", []);
    assert_eq!((messages, orders(&place)), (4, 1));
    assert_eq!(webhooks.stats().await.unwrap().all.total.discarded, 0);
}

#[tokio::test]
async fn transactions_and_savepoints_of_rusqlite_are_taken() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let mut application = application(&place);
    let mut transaction = application.transaction().unwrap();
    webhooks.emit_in(&transaction, event(0)).unwrap();
    let savepoint = transaction.savepoint().unwrap();
    webhooks.emit_in(&savepoint, event(1)).unwrap();
    savepoint.commit().unwrap();
    let savepoint = transaction.savepoint().unwrap();
    webhooks.emit_in(&savepoint, event(9)).unwrap();
    drop(savepoint);
    webhooks.emit_in_sqlite(&transaction, event(2)).unwrap();
    transaction.commit().unwrap();
    assert_eq!(receiver.wait_for(3).await, numbers(0..3));
    let transaction = application.transaction().unwrap();
    webhooks.emit_in(&transaction, event(9)).unwrap();
    drop(transaction);
    webhooks.emit("a", &payload(3)).await.unwrap();
    assert_eq!(receiver.wait_for(4).await, numbers(0..4));
}

/// Emits in a transaction that commits.
fn emit_committed(webhooks: &Webhooks, application: &Connection, n: usize) -> Receipt {
    run(application, "BEGIN IMMEDIATE");
    let receipt = webhooks.emit_in(application, event(n)).unwrap();
    run(application, "COMMIT");
    receipt
}

#[tokio::test]
async fn emitters_that_are_paused_queue_or_get_nothing() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    assert_eq!(emit_committed(&webhooks, &application, 9).deliveries, 0);
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    assert_eq!(emit_committed(&webhooks, &application, 0).deliveries, 1);
    assert!(receiver.bodies().is_empty());
    webhooks.restart("crm").await.unwrap();
    assert_eq!(receiver.wait_for(1).await, numbers([0]));
    webhooks.detach("crm").await.unwrap();
    assert_eq!(emit_committed(&webhooks, &application, 9).deliveries, 0);
    let messages = place.count("SELECT count(*) FROM webhooks_messages", []);
    assert_eq!(messages, 1, "without a listener nothing is stored");
}

#[tokio::test]
async fn a_detach_or_discard_after_the_commit_discards() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    receiver.answers(false);
    webhooks.emit("a", &payload(0)).await.unwrap();
    receiver.wait_for(1).await;
    let discarded = emit_committed(&webhooks, &application, 1);
    webhooks.pause("crm", Backlog::Discard).await.unwrap();
    webhooks.restart("crm").await.unwrap();
    let detached = emit_committed(&webhooks, &application, 2);
    webhooks.detach("crm").await.unwrap();
    receiver.answers(true);
    for (receipt, reason) in [(discarded, "paused"), (detached, "detached")] {
        let key = DeliveryKey {
            message_id: receipt.message_id,
            emitter: "crm".try_into().unwrap(),
        };
        let record = webhooks.delivery(key).await.unwrap().unwrap().record;
        assert_eq!(record.state, DeliveryState::Discarded);
        assert_eq!(record.reason.map(|reason| reason.as_str()), Some(reason));
    }
    assert_eq!(receiver.bodies(), numbers([0]));
}

//! What cannot be emitted in a transaction, and that the transaction is as it was then.

use std::time::Duration;

use webhooks_core::{
    Error, ErrorKind, Webhooks, event::IdempotencyKey, store::sqlite::rusqlite::Connection,
};

use crate::{
    Place, Receiver, attached, builder,
    emit_in::{application, event, run},
    numbers, payload,
};

fn refused(webhooks: &Webhooks, connection: &Connection) -> Error {
    webhooks.emit_in(connection, event(9)).unwrap_err()
}

#[tokio::test]
async fn without_a_transaction() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    let error = refused(&webhooks, &application);
    assert_eq!(error.kind(), ErrorKind::NoTransaction);
    assert!(error.to_string().contains("BEGIN IMMEDIATE"), "{error}");
    run(&application, "BEGIN; COMMIT");
    assert_eq!(
        refused(&webhooks, &application).kind(),
        ErrorKind::NoTransaction
    );
    let messages = place.count("SELECT count(*) FROM webhooks_messages", []);
    assert_eq!(messages, 0);
    webhooks.detach("crm").await.unwrap();
    let kind = refused(&webhooks, &application).kind();
    assert_eq!(kind, ErrorKind::NoTransaction, "also where nobody listens");
}

#[tokio::test]
async fn in_another_database() {
    let (place, other) = (Place::new(), Place::new());
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let _others = attached(&other, &receiver).await;
    let in_memory = Connection::open_in_memory().unwrap();
    for connection in [application(&other), in_memory] {
        run(&connection, "BEGIN; CREATE TABLE t (id INTEGER)");
        let error = refused(&webhooks, &connection);
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains("webhooks.db"), "{error}");
        run(&connection, "INSERT INTO t VALUES (1); COMMIT");
    }
    let on_memory = Webhooks::builder().transport(receiver.clone());
    let on_memory = on_memory.build().await.unwrap();
    let application = application(&place);
    run(&application, "BEGIN");
    let error = refused(&on_memory, &application);
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
}

#[tokio::test]
async fn with_an_idempotency_key_or_too_large() {
    let place = Place::new();
    let receiver = Receiver::new();
    let store = place.open().await;
    let webhooks = builder(store, &receiver)
        .payload_limit(100)
        .build()
        .await
        .unwrap();
    webhooks
        .attach("crm", ["*"], crate::config())
        .await
        .unwrap();
    let application = application(&place);
    run(
        &application,
        "BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)",
    );
    let keyed = event(9).idempotency_key(IdempotencyKey::new("key").unwrap());
    let error = webhooks.emit_in(&application, keyed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidConfig);
    let large = serde_json::json!({ "text": "x".repeat(100) });
    let large = webhooks_core::Event::new("a", &large).unwrap();
    let error = webhooks.emit_in(&application, large).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PayloadTooLarge);
    run(&application, "INSERT INTO orders VALUES (2)");
    webhooks.emit_in(&application, event(0)).unwrap();
    run(&application, "COMMIT");
    assert_eq!(receiver.wait_for(1).await, numbers([0]));
    let orders = place.count("SELECT count(*) FROM orders", []);
    assert_eq!(orders, 2);
}

#[tokio::test]
async fn in_a_transaction_that_read_what_is_old_by_now() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    run(&application, "BEGIN; SELECT count(*) FROM orders");
    let () = application
        .query_row("SELECT count(*) FROM orders", [], |_| Ok(()))
        .unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    let error = refused(&webhooks, &application);
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert!(error.is_retryable());
    assert!(
        !application.is_autocommit(),
        "the transaction is the application's"
    );
    run(&application, "ROLLBACK; BEGIN IMMEDIATE");
    webhooks.emit_in(&application, event(1)).unwrap();
    run(&application, "COMMIT");
    assert_eq!(receiver.wait_for(2).await, numbers(0..2));
}

#[tokio::test]
async fn while_another_transaction_is_open() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let (holder, application) = (application(&place), application(&place));
    application.busy_timeout(Duration::from_millis(20)).unwrap();
    run(&holder, "BEGIN IMMEDIATE");
    run(&application, "BEGIN");
    let error = refused(&webhooks, &application);
    assert_eq!(error.kind(), ErrorKind::Busy);
    run(&holder, "COMMIT");
    webhooks.emit_in(&application, event(0)).unwrap();
    run(&application, "COMMIT");
    assert_eq!(receiver.wait_for(1).await, numbers([0]));
}

#[tokio::test]
async fn not_in_one_that_begins_with_it_and_waits_for_its_turn() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let (holder, application) = (application(&place), application(&place));
    run(&holder, "BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)");
    let emitting = webhooks.clone();
    let emitting = tokio::task::spawn_blocking(move || {
        run(&application, "BEGIN");
        let emitted = emitting.emit_in(&application, event(0));
        run(&application, "COMMIT");
        emitted
    });
    // Time enough to fail in.
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    for _ in 0..10 {
        ticks.tick().await;
    }
    assert!(!emitting.is_finished());
    run(&holder, "COMMIT");
    assert_eq!(emitting.await.unwrap().unwrap().deliveries, 1);
    assert_eq!(receiver.wait_for(1).await, numbers([0]));
}

#[tokio::test]
async fn in_a_transaction_that_the_database_ended() {
    let place = Place::new();
    let receiver = Receiver::new();
    let webhooks = attached(&place, &receiver).await;
    let application = application(&place);
    // A full disk ends the whole transaction: so does this, without one.
    run(
        &application,
        "CREATE TRIGGER full BEFORE INSERT ON webhooks_messages WHEN NEW.event = 'a'
         BEGIN SELECT RAISE(ROLLBACK, 'as if it were full'); END",
    );
    run(
        &application,
        "BEGIN IMMEDIATE; INSERT INTO orders VALUES (1)",
    );
    let error = refused(&webhooks, &application);
    assert_eq!(error.kind(), ErrorKind::Store);
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("as if it were full"), "{cause}");
    assert!(application.is_autocommit());
}

#[tokio::test]
async fn after_the_end() {
    let place = Place::new();
    let webhooks = attached(&place, &Receiver::new()).await;
    let application = application(&place);
    webhooks.shutdown(crate::PATIENCE).await.unwrap();
    run(&application, "BEGIN");
    assert_eq!(
        refused(&webhooks, &application).kind(),
        ErrorKind::ShuttingDown
    );
}

//! Events in the transaction of a handler's own, through the outbox.

use std::sync::{Arc, Mutex};

use axum::{Extension, Router, http::StatusCode, routing::post};
use tokio::io::AsyncReadExt as _;
use webhooks_axum::{Outbox, WebhooksLayer};
use webhooks_core::{
    Error, ErrorKind,
    store::{SqliteStore, sqlite::rusqlite::Connection},
};
use webhooks_tests::Receiver;

use crate::{ask, builder, config, numbers, payload, serve};

type Database = Arc<Mutex<Connection>>;

/// What a handler does with its transaction.
#[derive(Clone, Copy, PartialEq)]
enum End {
    Commit,
    RollBack,
    /// The order stays, though the answer is no success.
    CommitAndFail,
}

/// Stores an order, and emits in the same transaction.
async fn order(outbox: Outbox, database: Database, n: usize, end: End) -> StatusCode {
    let stored = tokio::task::spawn_blocking(move || -> Result<(), Error> {
        let mut database = database.lock().unwrap();
        let transaction = database.transaction().unwrap();
        transaction
            .execute("INSERT INTO orders VALUES (?1)", [n as i64])
            .unwrap();
        let receipt = outbox.emit_in(&transaction, "order.created", &payload(n))?;
        assert_eq!(receipt.delivery_id, *outbox.delivery_id());
        if end != End::RollBack {
            transaction.commit().unwrap();
        }
        Ok(())
    });
    stored.await.unwrap().unwrap();
    match end {
        End::Commit => StatusCode::CREATED,
        End::RollBack | End::CommitAndFail => StatusCode::BAD_GATEWAY,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_handler_commits_is_sent_under_the_id_of_its_request() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let receiver = Receiver::start().await;
    let store = SqliteStore::open(&path).await.unwrap();
    let webhooks = builder().store(store).build().await.unwrap();
    webhooks
        .attach("crm", ["order.*"], config(&receiver))
        .await
        .unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE orders (id INTEGER)")
        .unwrap();
    let database: Database = Arc::new(Mutex::new(connection));
    let route = |n, end| {
        post(
            move |outbox: Outbox, Extension(database): Extension<Database>| {
                order(outbox, database, n, end)
            },
        )
    };
    let app = Router::new()
        .route("/rolls-back", route(9, End::RollBack))
        .route("/commits", route(0, End::Commit))
        .route("/fails", route(1, End::CommitAndFail))
        .route("/commits-again", route(2, End::Commit))
        .layer(Extension(database.clone()))
        .layer(WebhooksLayer::new(webhooks.clone()));
    let addr = serve(app).await;
    for path in ["/rolls-back", "/commits", "/fails", "/commits-again"] {
        let mut answer = Vec::new();
        ask(addr, path)
            .await
            .read_to_end(&mut answer)
            .await
            .unwrap();
    }
    let received = receiver.wait_for(3).await;
    let ids: Vec<&str> = received
        .iter()
        .map(|one| one.header("x-webhooks-delivery"))
        .collect();
    assert_eq!(ids, ["/commits", "/fails", "/commits-again"]);
    assert_eq!(receiver.bodies(), numbers(0..3));
    let orders: i64 = database
        .lock()
        .unwrap()
        .query_row("SELECT count(*) FROM orders", [], |row| row.get(0))
        .unwrap();
    assert_eq!(orders, 3);
}

#[tokio::test]
async fn an_event_that_cannot_be_made_is_the_error_and_nothing_is_stored() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("shop.db");
    let store = SqliteStore::open(&path).await.unwrap();
    let webhooks = builder().store(store).build().await.unwrap();
    let refuse = async move |outbox: Outbox| {
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch("BEGIN").unwrap();
        let wrong = outbox.emit_in(&connection, "no name", &payload(0));
        assert_eq!(wrong.unwrap_err().kind(), ErrorKind::InvalidValue);
        let list = outbox.emit_in(&connection, "a", &serde_json::json!([]));
        assert_eq!(list.unwrap_err().kind(), ErrorKind::InvalidPayload);
        connection.execute_batch("COMMIT").unwrap();
        let outside = outbox.emit_in(&connection, "a", &payload(0));
        assert_eq!(outside.unwrap_err().kind(), ErrorKind::NoTransaction);
        StatusCode::NO_CONTENT
    };
    let app = Router::new()
        .route("/refuse", post(refuse))
        .layer(WebhooksLayer::new(webhooks));
    let addr = serve(app).await;
    let mut answer = String::new();
    let mut stream = ask(addr, "/refuse").await;
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
}

//! Events in the application's own transaction: there if and only if it commits.

use std::time::Duration;

use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::time::Instant;
use webhooks_core::{Backlog, ErrorKind, Event, Webhooks, event::IdempotencyKey};
use webhooks_tests::Receiver;

use crate::place::{Place, builder, config, place, wait_until};

fn event(n: usize) -> Event {
    Event::new("a", &serde_json::json!({ "n": n })).unwrap()
}

fn bodies(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
    let body = |n| serde_json::json!({ "n": n }).to_string();
    numbers.into_iter().map(body).collect()
}

/// A node with one emitter, and a connection of the application's with a table of its own.
async fn shop(place: &Place, receiver: &Receiver) -> (Webhooks, PgConnection) {
    let node = place.node().await;
    node.attach("crm", ["a"], config(receiver)).await.unwrap();
    let mut application = place.connection().await;
    let table = "CREATE TABLE orders (id bigint)";
    application.execute(table).await.unwrap();
    (node, application)
}

/// Once it returns, what could be loaded before has had its turn.
async fn another_has_its_turn(node: &Webhooks) {
    let receiver = Receiver::start().await;
    let to = config(&receiver);
    node.upsert("another", ["another"], to).await.unwrap();
    let event = Event::new("another", &serde_json::json!({})).unwrap();
    node.emit_with(event).await.unwrap();
    receiver.wait_for(1).await;
}

#[tokio::test]
async fn it_arrives_promptly_after_the_commit_and_not_before() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut application) = shop(&place, &receiver).await;
    let mut took = Vec::new();
    for n in 0..20 {
        let mut transaction = application.begin().await.unwrap();
        let insert = "INSERT INTO orders VALUES (1)";
        transaction.execute(insert).await.unwrap();
        let receipt = node.emit_in(&mut transaction, event(n)).await.unwrap();
        assert_eq!(receipt.deliveries, 1);
        another_has_its_turn(&node).await;
        assert_eq!(receiver.bodies().len(), n);
        transaction.commit().await.unwrap();
        let committed = Instant::now();
        receiver.wait_for(n + 1).await;
        took.push(committed.elapsed());
    }
    took.sort_unstable();
    let (median, longest) = (took[10], took[19]);
    eprintln!("from the commit to the receiver: median {median:?}, longest {longest:?}");
    assert!(longest < Duration::from_secs(5));
    assert_eq!(receiver.bodies(), bodies(0..20));
    assert_eq!(place.count("SELECT count(*) FROM orders").await, 20);
}

#[tokio::test]
async fn a_rollback_leaves_nothing_behind() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut application) = shop(&place, &receiver).await;
    let mut transaction = application.begin().await.unwrap();
    node.emit_in(&mut transaction, event(0)).await.unwrap();
    transaction.rollback().await.unwrap();
    let mut transaction = application.begin().await.unwrap();
    node.emit_in(&mut transaction, event(1)).await.unwrap();
    transaction.commit().await.unwrap();
    receiver.wait_for(1).await;
    another_has_its_turn(&node).await;
    assert_eq!(receiver.bodies(), bodies([1]));
    for sql in [
        "SELECT count(*) FROM messages WHERE event = 'a'",
        "SELECT count(*) FROM deliveries WHERE emitter = 'crm'",
    ] {
        assert_eq!(place.count(sql).await, 1, "{sql}");
    }
}

/// The places of the first are before those of the others, which are delivered long before it commits.
#[tokio::test]
async fn one_that_stays_open_holds_nobody_up_and_is_not_lost() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut application) = shop(&place, &receiver).await;
    let other = place.node().await;
    let mut transaction = application.begin().await.unwrap();
    node.emit_in(&mut transaction, event(0)).await.unwrap();
    let mut expected = Vec::new();
    for n in 1..=20 {
        let emitter = if n % 2 == 0 { &node } else { &other };
        emitter.emit_with(event(n)).await.unwrap();
        expected.push(n);
        receiver.wait_for(n).await;
    }
    assert_eq!(receiver.bodies(), bodies(expected.iter().copied()));
    // Neither are changes, nor another transaction that begins later and commits earlier.
    node.pause("crm", Backlog::Keep).await.unwrap();
    node.restart("crm").await.unwrap();
    node.upsert("crm", ["a", "b"], config(&receiver))
        .await
        .unwrap();
    let mut later = place.connection().await;
    let mut second = later.begin().await.unwrap();
    node.emit_in(&mut second, event(21)).await.unwrap();
    second.commit().await.unwrap();
    receiver.wait_for(21).await;
    transaction.commit().await.unwrap();
    receiver.wait_for(22).await;
    expected.extend([21, 0]);
    assert_eq!(receiver.bodies(), bodies(expected));
}

#[tokio::test]
async fn what_commits_after_a_discard_is_discarded() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut application) = shop(&place, &receiver).await;
    let mut transaction = application.begin().await.unwrap();
    node.emit_in(&mut transaction, event(0)).await.unwrap();
    node.pause("crm", Backlog::Discard).await.unwrap();
    node.restart("crm").await.unwrap();
    transaction.commit().await.unwrap();
    node.emit_with(event(1)).await.unwrap();
    receiver.wait_for(1).await;
    let discarded = "SELECT count(*) FROM deliveries WHERE state = 3 AND reason = 'paused'";
    wait_until("it is discarded", async || {
        place.count(discarded).await == 1
    })
    .await;
    another_has_its_turn(&node).await;
    assert_eq!(receiver.bodies(), bodies([1]));
}

#[tokio::test]
async fn what_commits_after_a_detach_is_discarded() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut application) = shop(&place, &receiver).await;
    let mut transaction = application.begin().await.unwrap();
    node.emit_in(&mut transaction, event(0)).await.unwrap();
    node.detach("crm").await.unwrap();
    node.attach("crm", ["a"], config(&receiver)).await.unwrap();
    transaction.commit().await.unwrap();
    node.emit_with(event(1)).await.unwrap();
    receiver.wait_for(1).await;
    let discarded = "SELECT count(*) FROM deliveries WHERE state = 3 AND reason = 'detached'";
    wait_until("it is discarded", async || {
        place.count(discarded).await == 1
    })
    .await;
    assert_eq!(receiver.bodies(), bodies([1]));
}

/// Rows that others change are not read, so there is nothing to conflict with.
#[tokio::test]
async fn transactions_of_any_isolation_do_not_conflict() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut first) = shop(&place, &receiver).await;
    let mut second = place.connection().await;
    for (n, level) in ["SERIALIZABLE", "REPEATABLE READ"].into_iter().enumerate() {
        let begin = format!("BEGIN ISOLATION LEVEL {level}");
        for connection in [&mut first, &mut second] {
            let begin = sqlx::AssertSqlSafe(begin.clone());
            connection.execute(sqlx::raw_sql(begin)).await.unwrap();
        }
        node.emit_in(&mut first, event(10 * n)).await.unwrap();
        node.emit_in(&mut second, event(10 * n + 1)).await.unwrap();
        node.emit_with(event(10 * n + 2)).await.unwrap();
        for connection in [&mut second, &mut first] {
            connection.execute("COMMIT").await.unwrap();
        }
        receiver.wait_for(3 * n + 3).await;
    }
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_leaves_the_transaction_as_it_was() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut application) = shop(&place, &receiver).await;
    let refused = node.emit_in(&mut application, event(0)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::NoTransaction, "{refused}");

    let mut transaction = application.begin().await.unwrap();
    let insert = "INSERT INTO orders VALUES (1)";
    transaction.execute(insert).await.unwrap();
    let keyed = event(0).idempotency_key(IdempotencyKey::new("once").unwrap());
    let refused = node.emit_in(&mut transaction, keyed).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidConfig, "{refused}");

    // The tables of another store.
    let another = place!();
    let stranger = another.node().await;
    stranger
        .attach("crm", ["a"], config(&receiver))
        .await
        .unwrap();
    let mut on_another = another.connection().await;
    on_another
        .execute("UPDATE meta SET value = 'another' WHERE name = 'store_id'")
        .await
        .unwrap();
    let refused = stranger.emit_in(&mut transaction, event(0)).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidConfig, "{refused}");
    on_another.execute("DROP TABLE meta").await.unwrap();
    let refused = stranger.emit_in(&mut transaction, event(0)).await;
    let refused = refused.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidConfig, "{refused}");

    // A store in memory.
    let elsewhere = builder().build().await.unwrap();
    let refused = elsewhere.emit_in(&mut transaction, event(0)).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidConfig);

    node.emit_in(&mut transaction, event(1)).await.unwrap();
    transaction.commit().await.unwrap();
    receiver.wait_for(1).await;
    assert_eq!(receiver.bodies(), bodies([1]));
    assert_eq!(place.count("SELECT count(*) FROM orders").await, 1);
}

#[tokio::test]
async fn one_that_has_failed_already_says_so() {
    let place = place!();
    let receiver = Receiver::start().await;
    let (node, mut application) = shop(&place, &receiver).await;
    application.execute("BEGIN").await.unwrap();
    application.execute("SELECT 1 / 0").await.unwrap_err();
    let refused = node.emit_in(&mut application, event(0)).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Store, "{refused}");
    application.execute("ROLLBACK").await.unwrap();
}

//! Bad lines.

use sqlx::{Connection as _, PgConnection, query_scalar};
use tokio::{task::JoinHandle, time::timeout};
use webhooks_tests::postgres::{Proxy, Schema, schema};

use crate::{PATIENCE, one, until};

/// A server, a line to it, and the URL that goes by the line.
async fn line() -> Option<(Schema, Proxy, String)> {
    let schema = schema().await?;
    let proxy = Proxy::start(schema.addr().await).await;
    let url = proxy.url(schema.url());
    Some((schema, proxy, url))
}

async fn connect(url: &str) -> sqlx::Result<PgConnection> {
    timeout(PATIENCE, PgConnection::connect(url)).await.unwrap()
}

/// Asks as a task of its own.
fn asking(mut connection: PgConnection) -> JoinHandle<sqlx::Result<i32>> {
    tokio::spawn(async move { one(&mut connection).await })
}

async fn answer(asking: JoinHandle<sqlx::Result<i32>>) -> sqlx::Result<i32> {
    timeout(PATIENCE, asking).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_line_passes_everything_until_told_otherwise() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    let mut connection = connect(&url).await.unwrap();
    assert_eq!(one(&mut connection).await.unwrap(), 1);
    let big = "SELECT repeat('x', 3000000)";
    let big: String = query_scalar(big).fetch_one(&mut connection).await.unwrap();
    assert_eq!(big.len(), 3_000_000);
    assert_eq!((proxy.connections(), proxy.accepted()), (1, 1));
    connection.close().await.unwrap();
    proxy.wait_for_connections(0).await;
    assert_eq!(proxy.accepted(), 1);
}

#[tokio::test]
async fn what_is_sent_on_a_stalled_line_arrives_once_it_resumes() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    let connection = connect(&url).await.unwrap();
    proxy.stall();
    let asking = asking(connection);
    proxy.wait_for_held().await;
    assert!(!asking.is_finished());
    proxy.resume();
    assert_eq!(answer(asking).await.unwrap(), 1);
}

#[tokio::test]
async fn an_answer_on_a_stalled_line_is_held_back_too() {
    let Some((schema, proxy, url)) = line().await else {
        return;
    };
    let mut connection = connect(&url).await.unwrap();
    // It waits for a lock that this has, so that the question is over before the line stalls.
    let mut holder = schema.connect().await;
    let key = i64::from(std::process::id());
    sqlx::query("SELECT pg_advisory_lock($1)")
        .bind(key)
        .execute(&mut holder)
        .await
        .unwrap();
    let asking = tokio::spawn(async move {
        query_scalar("SELECT 1 FROM pg_advisory_lock($1)")
            .bind(key)
            .fetch_one(&mut connection)
            .await
    });
    let waiters = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
        AND (classid::bigint << 32 | objid::bigint) = $1";
    let mut watching = schema.connect().await;
    until("the lock is waited for", async || {
        let waiters = query_scalar(waiters).bind(key).fetch_one(&mut watching);
        waiters.await.unwrap_or(0_i64) == 1
    })
    .await;
    proxy.stall();
    holder.close().await.unwrap();
    proxy.wait_for_held().await;
    assert!(!asking.is_finished());
    proxy.resume();
    assert_eq!(answer(asking).await.unwrap(), 1);
}

#[tokio::test]
async fn who_connects_to_a_stalled_line_waits_until_it_resumes() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    proxy.stall();
    let connecting = tokio::spawn(async move {
        let mut connection = PgConnection::connect(&url).await?;
        one(&mut connection).await
    });
    proxy.wait_for_held().await;
    assert_eq!(proxy.connections(), 1);
    assert!(!connecting.is_finished());
    proxy.resume();
    assert_eq!(answer(connecting).await.unwrap(), 1);
}

#[tokio::test]
async fn a_reset_ends_what_is_open_and_nothing_else() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    let (mut one_of_them, mut other) = (connect(&url).await.unwrap(), connect(&url).await.unwrap());
    proxy.reset();
    one(&mut one_of_them).await.unwrap_err();
    one(&mut other).await.unwrap_err();
    proxy.wait_for_connections(0).await;
    let mut fresh = connect(&url).await.unwrap();
    assert_eq!(one(&mut fresh).await.unwrap(), 1);
}

#[tokio::test]
async fn what_a_stalled_line_holds_back_is_lost_by_a_reset() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    let connection = connect(&url).await.unwrap();
    proxy.stall();
    let asking = asking(connection);
    proxy.wait_for_held().await;
    proxy.reset();
    answer(asking).await.unwrap_err();
    proxy.wait_for_connections(0).await;
}

#[tokio::test]
async fn a_line_that_refuses_keeps_what_is_open() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    let mut open = connect(&url).await.unwrap();
    proxy.refuse();
    connect(&url).await.unwrap_err();
    assert_eq!(one(&mut open).await.unwrap(), 1);
    proxy.accept();
    connect(&url).await.unwrap();
}

#[tokio::test]
async fn a_cut_loses_one_answer_of_what_is_open() {
    let Some((schema, proxy, url)) = line().await else {
        return;
    };
    let mut connection = connect(&url).await.unwrap();
    let mut direct = schema.connect().await;
    let name = schema.name();
    let create = format!("CREATE SCHEMA {name}; CREATE SEQUENCE {name}.calls");
    run(&mut direct, create).await.unwrap();
    proxy.cut_after(0);
    let call = format!("SELECT nextval('{name}.calls')");
    run(&mut connection, call).await.unwrap_err();
    until("it was carried out all the same", async || {
        let calls = query_scalar("SELECT last_value FROM calls WHERE is_called");
        let calls: Option<i64> = calls.fetch_optional(&mut direct).await.unwrap();
        calls == Some(1)
    })
    .await;
    // It was one cut.
    let mut fresh = connect(&url).await.unwrap();
    assert_eq!(one(&mut fresh).await.unwrap(), 1);
}

/// A statement that is not prepared: it is one message.
async fn run(connection: &mut PgConnection, statement: String) -> sqlx::Result<()> {
    let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement));
    statement.execute(connection).await.map(drop)
}

#[tokio::test]
async fn a_cut_ends_a_new_connection_in_the_middle_of_its_greeting() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    for bytes in [0, 1, 10, 100] {
        proxy.cut_after(bytes);
        connect(&url).await.unwrap_err();
        connect(&url).await.unwrap();
        proxy.cut_after_from_client(bytes.min(20));
        connect(&url).await.unwrap_err();
        connect(&url).await.unwrap();
    }
}

#[tokio::test]
async fn a_cut_that_lies_behind_everything_that_is_sent_does_nothing() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    proxy.cut_after(1_000_000);
    proxy.cut_after_from_client(1_000_000);
    let mut connection = connect(&url).await.unwrap();
    assert_eq!(one(&mut connection).await.unwrap(), 1);
}

#[tokio::test]
async fn exactly_as_many_bytes_pass_as_were_said() {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await;
    proxy.cut_after(7);
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    server.write_all(b"seven.. and more").await.unwrap();
    let mut read = Vec::new();
    let reading = timeout(PATIENCE, client.read_to_end(&mut read));
    reading.await.unwrap().unwrap();
    assert_eq!(read, b"seven..");
    proxy.wait_for_connections(0).await;
}

#[tokio::test]
async fn a_line_ends_when_it_is_dropped() {
    let Some((_schema, proxy, url)) = line().await else {
        return;
    };
    let mut connection = connect(&url).await.unwrap();
    drop(proxy);
    let asking = timeout(PATIENCE, one(&mut connection));
    asking.await.unwrap().unwrap_err();
    connect(&url).await.unwrap_err();
}

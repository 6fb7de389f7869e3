//! Private clusters.

use sqlx::{PgConnection, query, query_scalar};
use tokio::net::TcpStream;
use webhooks_tests::postgres::Cluster;

use crate::{one, until};

async fn show(connection: &mut PgConnection, setting: &str) -> String {
    query_scalar("SELECT current_setting($1)")
        .bind(setting)
        .fetch_one(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_cluster_keeps_what_was_committed_over_a_crash_and_is_gone_once_dropped() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let mut before = cluster.connect().await;
    assert_eq!(show(&mut before, "fsync").await, "on");
    for statement in [
        "CREATE TABLE things (id int)",
        "INSERT INTO things VALUES (7)",
    ] {
        query(statement).execute(&mut before).await.unwrap();
    }

    cluster.restart_immediate().await;
    one(&mut before).await.unwrap_err();
    let mut after = cluster.connect().await;
    let id: i32 = query_scalar("SELECT id FROM things")
        .fetch_one(&mut after)
        .await
        .unwrap();
    assert_eq!(id, 7);

    cluster.stop_immediate().await;
    TcpStream::connect(cluster.addr()).await.unwrap_err();
    // There is nothing left to stop.
    cluster.stop_immediate().await;
    cluster.start_again().await;
    one(&mut cluster.connect().await).await.unwrap();

    let (addr, directory) = (cluster.addr(), cluster.directory().to_owned());
    assert!(directory.exists());
    drop(cluster);
    TcpStream::connect(addr).await.unwrap_err();
    assert!(!directory.exists());
}

#[tokio::test]
async fn clusters_are_apart_and_are_set_up_as_a_test_wants() {
    let settings = ["fsync = off", "deadlock_timeout = '123ms'"];
    let both = tokio::join!(Cluster::start_with(&settings), Cluster::start_with(&[]));
    let (Some(cluster), Some(other)) = both else {
        return;
    };
    assert_ne!(cluster.addr(), other.addr());
    let mut connection = cluster.connect().await;
    assert_eq!(show(&mut connection, "fsync").await, "off");
    assert_eq!(show(&mut connection, "deadlock_timeout").await, "123ms");
    assert_eq!(show(&mut other.connect().await, "fsync").await, "on");
    other.stop_immediate().await;
    one(&mut connection).await.unwrap();
}

/// What a cancelled restart has begun is done all the same.
#[tokio::test]
async fn a_restart_that_nobody_waits_for_ends_with_a_server() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let mut before = cluster.connect().await;
    tokio::select! {
        biased;
        () = cluster.restart_immediate() => unreachable!("it takes longer than nothing"),
        () = std::future::ready(()) => {}
    }
    until("the old connection is lost", async || {
        one(&mut before).await.is_err()
    })
    .await;
    until("the server is back", async || {
        TcpStream::connect(cluster.addr()).await.is_ok()
    })
    .await;
}

//! A process that is killed takes its cluster with it.

use std::{net::SocketAddr, path::PathBuf, process::Stdio};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpStream,
    process::Command,
    time::timeout,
};
use webhooks_tests::postgres::Cluster;

use crate::{PATIENCE, until};

/// Set in the process that is to be killed.
const ROLE: &str = "WEBHOOKS_TEST_TO_BE_KILLED";

/// What that process says before where its cluster is.
const MARK: &str = "cluster: ";

/// No test of its own: what the process does that the other test kills.
#[tokio::test]
async fn the_process_to_be_killed() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let cluster = Cluster::start().await.expect("the other test has one");
    println!(
        "\n{MARK}{} {}",
        cluster.addr(),
        cluster.directory().display()
    );
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_cluster_does_not_outlive_its_process_even_if_that_is_killed() {
    // Says what is missing, if this machine can have none.
    let Some(own) = Cluster::start().await else {
        return;
    };
    drop(own);
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "killed::the_process_to_be_killed"])
        .env(ROLE, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let waiting = timeout(PATIENCE, async {
        loop {
            let line = lines.next_line().await.unwrap().expect("it says where");
            if let Some(place) = line.strip_prefix(MARK) {
                break place.to_owned();
            }
        }
    });
    let place = waiting.await.expect("it starts in time");
    let (addr, directory) = place.split_once(' ').unwrap();
    let (addr, directory): (SocketAddr, PathBuf) = (addr.parse().unwrap(), directory.into());
    TcpStream::connect(addr).await.unwrap();
    assert!(directory.exists());

    process.kill().await.unwrap();
    until("its port is closed", async || {
        TcpStream::connect(addr).await.is_err()
    })
    .await;
    until("its directory is gone", async || !directory.exists()).await;
}

//! What the tests on PostgreSQL rely on: their schemas, clusters and bad lines behave as they say.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod cluster;
mod faults;
mod killed;
mod schema;

use std::time::Duration;

use sqlx::{PgConnection, query_scalar};
use tokio::time::{sleep, timeout};

/// How long what should happen is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// A question that the server answers, or not.
async fn one(connection: &mut PgConnection) -> sqlx::Result<i32> {
    query_scalar("SELECT 1").fetch_one(connection).await
}

/// Asks again until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let asking = async {
        while !is_so().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = timeout(PATIENCE, asking).await;
    assert!(waited.is_ok(), "not so in time: {what}");
}

//! A schema of a test's own, and the nodes that share it.

use std::{net::IpAddr, time::Duration};

use sqlx::{PgConnection, Row as _};
use tokio::time::{Instant, sleep};
use webhooks_core::{
    EmitterConfig, Jitter, RetryPolicy, Webhooks, WebhooksBuilder,
    env::Env,
    store::{PostgresStore, SecretsKey, postgres::PostgresOptions},
};
use webhooks_tests::{
    Receiver,
    postgres::{Schema, schema},
};

/// How long a test waits for what should happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A schema of a test's own.
pub(crate) struct Place {
    pub(crate) schema: Schema,
    pub(crate) key: SecretsKey,
}

impl Place {
    /// `None` where there is no PostgreSQL, which has been said.
    pub(crate) async fn new() -> Option<Self> {
        Some(Self {
            schema: schema().await?,
            key: SecretsKey::generate(&Env::system()),
        })
    }

    pub(crate) fn options(&self) -> PostgresOptions {
        self.options_at(self.schema.url())
    }

    /// The same, at another address.
    pub(crate) fn options_at(&self, url: &str) -> PostgresOptions {
        let options = PostgresOptions::new(url, self.key.clone()).unwrap();
        options.schema(self.schema.name()).unwrap()
    }

    /// A handle, as each process has one.
    pub(crate) async fn store(&self) -> PostgresStore {
        self.options().connect().await.unwrap()
    }

    /// A node.
    pub(crate) async fn node(&self) -> Webhooks {
        builder().store(self.store().await).build().await.unwrap()
    }

    /// A connection on which names without a schema are of this one.
    pub(crate) async fn connection(&self) -> PgConnection {
        self.schema.connect().await
    }

    /// The only number that a query finds.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let mut connection = self.connection().await;
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        row.get(0)
    }
}

/// Webhooks that may go to this machine.
pub(crate) fn builder() -> WebhooksBuilder {
    Webhooks::builder()
        .allow_http()
        .allow_network(IpAddr::from([127, 0, 0, 1]))
}

/// An emitter to this receiver, with short waits.
pub(crate) fn config(receiver: &Receiver) -> EmitterConfig {
    let (initial, max) = (Duration::from_millis(20), Duration::from_millis(100));
    let retry = RetryPolicy::exponential(initial, max)
        .jitter(Jitter::None)
        .max_attempts(50);
    EmitterConfig::new(receiver.url("/hooks"))
        .unwrap()
        .retry(retry)
}

/// Waits until this holds.
pub(crate) async fn wait_until(what: &str, holds: impl AsyncFn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(
            Instant::now() < deadline,
            "it does not come to hold: {what}"
        );
        sleep(Duration::from_millis(5)).await;
    }
}

/// Skips a test where there is no PostgreSQL.
macro_rules! place {
    () => {
        match $crate::place::Place::new().await {
            Some(place) => place,
            None => return,
        }
    };
}

pub(crate) use place;

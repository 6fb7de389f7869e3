//! The shop's parts: webhooks and orders in one SQLite file.

use std::{error::Error, path::Path, time::Duration};

use webhooks_core::{EmitterConfig, RetryPolicy, Webhooks, sign::Secret, store::SqliteStore};

use crate::orders::Orders;

/// The shop's parts.
pub(crate) struct Shop {
    pub(crate) webhooks: Webhooks,
    pub(crate) orders: Orders,
    /// What the receiver verifies signatures with.
    pub(crate) secret: Secret,
}

impl Shop {
    /// Opens the database, which is made if it is not there, and goes on with what is queued in it.
    pub(crate) async fn open(
        database: &Path,
        receiver_port: u16,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let store = SqliteStore::open(database).await?;
        // Receivers out in the world need neither of the two `allow`s.
        let webhooks = Webhooks::builder()
            .store(store)
            .allow_http()
            .allow_network(std::net::IpAddr::from([127, 0, 0, 1]))
            .build()
            .await?;
        let config = EmitterConfig::new(format!("http://127.0.0.1:{receiver_port}/hooks"))?.retry(
            RetryPolicy::exponential(Duration::from_millis(200), Duration::from_secs(5)),
        );
        // At every start: queue, state and keys of an emitter that is there stay. The configuration has
        // no secret: one is generated at the first start, and kept in the database, sealed.
        let upserted = webhooks
            .upsert("receiver", ["order.*", "question.*"], config)
            .await?;
        // Others are told their secret when they are attached; this receiver is in the same process.
        let key = upserted.emitter().keys().first();
        let secret = key.ok_or("the receiver has no key")?.secret().clone();
        let orders = Orders::open(database)?;
        Ok(Self {
            webhooks,
            orders,
            secret,
        })
    }
}

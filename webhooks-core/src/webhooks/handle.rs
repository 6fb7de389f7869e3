//! The handle itself, and its end.

use std::{fmt, sync::Arc, time::Duration};

use super::WebhooksBuilder;
use crate::{
    Error,
    engine::{Engine, ShutdownReport, Subscription},
};

/// Outbound webhooks: a registry of emitters, and the engine that delivers to them.
///
/// Cheap to clone; all clones are one. When the last is dropped without a
/// [`shutdown`](Self::shutdown), delivering stops where it stands, as in a crash.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), webhooks_core::Error> {
/// use webhooks_core::{EmitterConfig, Webhooks};
///
/// let webhooks = Webhooks::builder().build().await?;
/// webhooks.attach("crm", ["order.*"], EmitterConfig::new("https://crm.example/hooks")?).await?;
/// assert!(webhooks.is_started("crm"));
///
/// let receipt = webhooks.emit("invoice.paid", &serde_json::json!({"id": 17})).await?;
/// assert_eq!(receipt.deliveries, 0, "nobody listens to invoices, and that is no error");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Webhooks {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<Engine>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.engine.abort();
    }
}

impl Webhooks {
    /// Begins to build one.
    pub fn builder() -> WebhooksBuilder {
        WebhooksBuilder::new()
    }

    pub(super) fn new(engine: Arc<Engine>) -> Self {
        Self {
            inner: Arc::new(Inner { engine }),
        }
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.inner.engine
    }

    /// A stream of what happens on this node from now on; ends with
    /// [`begin_shutdown`](Self::begin_shutdown).
    pub fn subscribe(&self) -> Subscription {
        self.engine().subscribe()
    }

    /// How large a payload may be, in bytes.
    #[must_use]
    pub fn payload_limit(&self) -> usize {
        self.engine().payload_limit()
    }

    /// Whether the store answers, and takes what is written: the last renewal of this node did not fail.
    ///
    /// # Errors
    /// That of the store.
    pub async fn health(&self) -> Result<(), Error> {
        self.engine().health().await
    }

    /// Ends live streams, and nothing else: to be called inside the server's shutdown signal, since
    /// an open stream would hold it for ever. Handlers that are still running may emit.
    pub fn begin_shutdown(&self) {
        self.engine().begin_shutdown();
    }

    /// Refuses new events, and starts no new attempt; lets those in flight finish until `grace` is
    /// over, writes their outcomes down, and gives leases back. Over a store that does not persist,
    /// what is due is delivered while there is time.
    ///
    /// # Errors
    /// That of the store, if it cannot be told.
    ///
    /// # Panics
    /// If a task of the engine panicked, with its panic.
    pub async fn shutdown(&self, grace: Duration) -> Result<ShutdownReport, Error> {
        self.engine().shutdown(grace).await
    }
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

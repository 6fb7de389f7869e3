//! How a `Webhooks` is built.

use std::{fmt, sync::Arc, time::Duration};

use ipnet::IpNet;
use tower::util::BoxCloneSyncService;
use tower_layer::Layer;
use tower_service::Service;

use super::Webhooks;
#[cfg(feature = "reqwest")]
use crate::transport::{HttpTransport, TlsOptions};
use crate::{
    Error, ErrorKind,
    engine::{Engine, Options},
    env::Env,
    event::DEFAULT_PAYLOAD_LIMIT,
    store::{MemoryStore, Store},
    transport::{
        AttemptError, AttemptRequest, AttemptResponse, BoxTransport, NetworkPolicy, Resolve,
        SystemResolver,
    },
};

type TransportLayer = Box<dyn FnOnce(BoxTransport) -> BoxTransport + Send>;

/// Builds a [`Webhooks`]. Every option has a default.
#[must_use = "a builder does nothing until `build` is called"]
pub struct WebhooksBuilder {
    store: Arc<dyn Store>,
    transport: Option<BoxTransport>,
    layers: Vec<TransportLayer>,
    resolver: Arc<dyn Resolve>,
    env: Env,
    policy: NetworkPolicy,
    payload_limit: usize,
    in_flight: usize,
    retry_after_cap: Duration,
    retention: Duration,
    payload_retention: Option<Duration>,
    deliver: bool,
    #[cfg(feature = "reqwest")]
    tls: TlsOptions,
}

impl WebhooksBuilder {
    pub(super) fn new() -> Self {
        Self {
            store: Arc::new(MemoryStore::new()),
            transport: None,
            layers: Vec::new(),
            resolver: Arc::new(SystemResolver),
            env: Env::system(),
            policy: NetworkPolicy::default(),
            payload_limit: DEFAULT_PAYLOAD_LIMIT,
            in_flight: 1_024,
            retry_after_cap: Duration::from_secs(60 * 60),
            retention: Duration::from_secs(30 * 24 * 60 * 60),
            payload_retention: None,
            deliver: true,
            #[cfg(feature = "reqwest")]
            tls: TlsOptions::new(),
        }
    }

    /// Where emitters and deliveries are kept. Defaults to a [`MemoryStore`].
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Like [`store`](Self::store), for one that is shared.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = store;
        self
    }

    /// Allows `http://`. Defaults to https only.
    pub fn allow_http(mut self) -> Self {
        self.policy = self.policy.allow_http();
        self
    }

    /// Allows the addresses of this network, on every port. Defaults to public addresses only.
    pub fn allow_network(mut self, network: impl Into<IpNet>) -> Self {
        self.policy = self.policy.allow_network(network);
        self
    }

    /// Refuses this host, such as the service's own public name; see
    /// [`NetworkPolicy::deny_host`]. Defaults to none.
    pub fn deny_host(mut self, host: impl Into<String>) -> Self {
        self.policy = self.policy.deny_host(host);
        self
    }

    /// Looks up names. Defaults to the operating system's resolver.
    pub fn resolver(mut self, resolver: impl Resolve) -> Self {
        self.resolver = Arc::new(resolver);
        self
    }

    /// Makes the attempts. It must guard itself, with a [`Guard`](crate::transport::Guard) for one:
    /// addresses are checked by the default transport, only URLs are checked before. Defaults to
    /// `HttpTransport`.
    pub fn transport<S>(mut self, transport: S) -> Self
    where
        S: Service<AttemptRequest, Response = AttemptResponse, Error = AttemptError>
            + Clone
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
    {
        self.transport = Some(BoxCloneSyncService::new(transport));
        self
    }

    /// Wraps the transport; the layer that is added last sees an attempt first. Defaults to none.
    pub fn transport_layer<L>(mut self, layer: L) -> Self
    where
        L: Layer<BoxTransport> + Send + 'static,
        L::Service: Service<AttemptRequest, Response = AttemptResponse, Error = AttemptError>
            + Clone
            + Send
            + Sync
            + 'static,
        <L::Service as Service<AttemptRequest>>::Future: Send + 'static,
    {
        self.layers.push(Box::new(move |transport| {
            BoxCloneSyncService::new(layer.layer(transport))
        }));
        self
    }

    /// Wall clock and randomness. Defaults to the system's.
    pub fn env(mut self, env: Env) -> Self {
        self.env = env;
        self
    }

    /// The largest payload, in bytes. Defaults to 1 MiB.
    pub fn payload_limit(mut self, bytes: usize) -> Self {
        self.payload_limit = bytes;
        self
    }

    /// Requests in flight at once; emitters that have not succeeded since their last failure hold
    /// at most half of them. Defaults to 1,024.
    pub fn in_flight(mut self, requests: usize) -> Self {
        self.in_flight = requests;
        self
    }

    /// The longest `Retry-After` that is heeded. Defaults to an hour.
    pub fn retry_after_cap(mut self, cap: Duration) -> Self {
        self.retry_after_cap = cap;
        self
    }

    /// How long settled deliveries are remembered. Defaults to 30 days.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.retention = retention;
        self
    }

    /// How long payloads are kept once all of a message's deliveries are settled; without its payload
    /// a message cannot be sent again. Defaults to as long as the deliveries.
    pub fn payload_retention(mut self, retention: impl Into<Option<Duration>>) -> Self {
        self.payload_retention = retention.into();
        self
    }

    /// What makes a receiver's certificate good, for the default transport. Defaults to what the
    /// operating system trusts.
    #[cfg(feature = "reqwest")]
    pub fn tls(mut self, tls: TlsOptions) -> Self {
        self.tls = tls;
        self
    }

    /// Whether this node delivers, or only emits (jobs, command-line tools). Defaults to `true`.
    pub fn deliver(mut self, deliver: bool) -> Self {
        self.deliver = deliver;
        self
    }

    /// Builds it: reads the emitters from the store, and starts delivering what is pending.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) for an option out of its range, or without a
    /// transport where the feature `reqwest` is off; that of the store.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn build(mut self) -> Result<Webhooks, Error> {
        let range = |right: bool, message: &'static str| {
            if right {
                Ok(())
            } else {
                Err(Error::new(ErrorKind::InvalidConfig, message))
            }
        };
        range(
            (2..=65_536).contains(&self.in_flight),
            "`in_flight` is out of range: expected 2–65536",
        )?;
        range(
            self.payload_limit >= 2,
            "`payload_limit` is below 2: not even `{}` would fit",
        )?;
        self.policy.validate()?;
        let base = match self.transport.take() {
            Some(transport) => transport,
            None => self.default_transport()?,
        };
        let transport = self
            .layers
            .into_iter()
            .fold(base, |transport, layer| layer(transport));
        let options = Options {
            env: self.env,
            policy: self.policy,
            payload_limit: self.payload_limit,
            in_flight: self.in_flight,
            retry_after_cap: self.retry_after_cap,
            retention: self.retention,
            payload_retention: self.payload_retention,
            deliver: self.deliver,
        };
        let webhooks = Webhooks::new(Arc::new(Engine::new(options, self.store, transport)));
        webhooks.engine().start().await?;
        Ok(webhooks)
    }

    #[cfg(feature = "reqwest")]
    fn default_transport(&self) -> Result<BoxTransport, Error> {
        let transport = HttpTransport::new(self.policy.clone(), self.resolver.clone(), &self.tls)?;
        Ok(BoxTransport::new(transport))
    }

    #[cfg(not(feature = "reqwest"))]
    #[allow(
        clippy::unused_self,
        reason = "it has what is wanted where there is one"
    )]
    fn default_transport(&self) -> Result<BoxTransport, Error> {
        Err(Error::new(
            ErrorKind::InvalidConfig,
            "there is no transport: enable the feature `reqwest`, or set one with `transport`",
        ))
    }
}

impl fmt::Debug for WebhooksBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhooksBuilder")
            .field("policy", &self.policy)
            .field("payload_limit", &self.payload_limit)
            .field("in_flight", &self.in_flight)
            .field("deliver", &self.deliver)
            .finish_non_exhaustive()
    }
}

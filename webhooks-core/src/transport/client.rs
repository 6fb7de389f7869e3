//! The default transport: the guard in front of reqwest.

use std::{
    error::Error as StdError,
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, header::ACCEPT_ENCODING};
use reqwest::{
    Client, Method,
    dns::{Addrs, Name, Resolving},
    redirect,
};
use tokio::time::{Instant, timeout_at};
use tower_service::Service;

use super::{
    AttemptError, AttemptErrorKind as Kind, AttemptRequest, AttemptResponse, Guard, NetworkPolicy,
    Resolve, Standing, TlsOptions, capture, guard::Ports,
};
use crate::{Error, ErrorKind};

const IDENTITY: HeaderValue = HeaderValue::from_static("identity");
const IDLE: Duration = Duration::from_secs(90);
const IDLE_PER_HOST: usize = 1_024;

tokio::task_local! {
    /// How the emitter of the attempt stands. reqwest asks the resolver from within the attempt's
    /// own task; were that to change, every look-up would count as an unproven one.
    static STANDING: Standing;
}

/// The guard in front of reqwest. Cheap to clone.
///
/// The guard's port rule needs the address, and reqwest's resolver does not know the port: so there
/// is one client for the standard ports and, where networks are allowed, one for others whose
/// resolver admits these only.
#[derive(Clone)]
#[must_use = "a transport does nothing until `Webhooks` has it"]
pub struct HttpTransport(Arc<Inner>);

struct Inner {
    guard: Guard,
    standard: Client,
    other: Option<Client>,
}

impl HttpTransport {
    /// A transport that keeps to `policy`, looks names up with `resolver` and trusts whom `tls`
    /// says.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) if there is no TLS to be had, or that of
    /// [`NetworkPolicy::validate`].
    pub fn new(
        policy: NetworkPolicy,
        resolver: Arc<dyn Resolve>,
        tls: &TlsOptions,
    ) -> Result<Self, Error> {
        let guard = Guard::new(policy, resolver)?;
        let client = |ports| {
            let guarded = Guarded {
                guard: guard.clone(),
                ports,
            };
            tls.apply(Client::builder())
                .redirect(redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                // Features are shared in a build: an application may have them on for itself.
                .no_gzip()
                .no_brotli()
                .no_zstd()
                .no_deflate()
                .http1_only()
                .tcp_nodelay(true)
                .pool_idle_timeout(IDLE)
                .pool_max_idle_per_host(IDLE_PER_HOST)
                .dns_resolver(guarded)
                .build()
                .map_err(|error| {
                    Error::new(ErrorKind::InvalidConfig, "the HTTP client cannot be built")
                        .with_source(error)
                })
        };
        let standard = client(Ports::Standard)?;
        let other = guard.allows_networks().then(|| client(Ports::Other));
        Ok(Self(Arc::new(Inner {
            other: other.transpose()?,
            guard,
            standard,
        })))
    }
}

impl Inner {
    async fn send(
        self: Arc<Self>,
        request: AttemptRequest,
    ) -> Result<AttemptResponse, AttemptError> {
        let AttemptRequest {
            url,
            headers,
            body,
            timeout,
            standing,
        } = request;
        self.guard.check(&url)?;
        let client = match self.guard.ports(&url) {
            Ports::Standard => &self.standard,
            Ports::Other => self.other.as_ref().ok_or_else(|| {
                AttemptError::new(Kind::ForbiddenAddress, "no network is allowed on this port")
            })?,
        };
        let deadline = Instant::now() + timeout;
        let mut request = reqwest::Request::new(Method::POST, url);
        *request.headers_mut() = headers;
        // Nothing is decompressed: without a word about it a receiver may encode as it likes (RFC
        // 9110, section 12.5.3).
        request.headers_mut().insert(ACCEPT_ENCODING, IDENTITY);
        *request.body_mut() = Some(body.into());
        let sent = STANDING.scope(standing, client.execute(request));
        let mut response = timeout_at(deadline, sent)
            .await
            .map_err(|_| {
                let millis = timeout.as_millis();
                AttemptError::new(Kind::Timeout, format!("no answer within {millis} ms"))
            })?
            .map_err(explain)?;
        let status = response.status();
        let success = status.is_success();
        let headers = std::mem::take(response.headers_mut());
        let remote_addr = response.remote_addr();
        let (body, truncated) = capture::body(&mut response, success, deadline).await;
        Ok(AttemptResponse::new(status)
            .with_headers(headers)
            .with_body(body, truncated)
            .with_remote_addr(remote_addr))
    }
}

impl Service<AttemptRequest> for HttpTransport {
    type Response = AttemptResponse;
    type Error = AttemptError;
    type Future = Pin<Box<dyn Future<Output = Result<AttemptResponse, AttemptError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AttemptError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AttemptRequest) -> Self::Future {
        Box::pin(self.0.clone().send(request))
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport")
            .field("guard", &self.0.guard)
            .finish_non_exhaustive()
    }
}

/// The guard as reqwest's resolver: what is checked is what is dialled.
struct Guarded {
    guard: Guard,
    ports: Ports,
}

impl reqwest::dns::Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let standing = STANDING.try_with(|standing| *standing).unwrap_or_default();
        let (guard, ports) = (self.guard.clone(), self.ports);
        Box::pin(async move {
            let found = guard.look_up(name.as_str(), ports, standing).await?;
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}

/// Finds the kind of an error in what caused it.
fn explain(error: reqwest::Error) -> AttemptError {
    // Its URL may hold credentials in path or query.
    let error = error.without_url();
    let mut kind = if error.is_builder() {
        Kind::InvalidRequest
    } else {
        Kind::Other
    };
    let mut message = error.to_string();
    let mut next: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(cause) = next {
        message = cause.to_string();
        if let Some(found) = kind_of(cause) {
            kind = found;
            break;
        }
        // An I/O error hides what it wraps from `source`.
        next = match cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => cause.source(),
        };
    }
    AttemptError::new(kind, message).with_source(error)
}

fn kind_of(cause: &(dyn StdError + 'static)) -> Option<Kind> {
    if let Some(error) = cause.downcast_ref::<AttemptError>() {
        return Some(error.kind());
    }
    #[cfg(feature = "rustls")]
    if cause.is::<rustls::Error>() {
        return Some(Kind::Tls);
    }
    if let Some(error) = cause.downcast_ref::<hyper::Error>() {
        if error.is_parse() {
            return Some(Kind::InvalidResponse);
        }
        if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            return Some(Kind::Reset);
        }
    }
    match cause.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::AddrNotAvailable => Some(Kind::Refused),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Kind::Reset),
        io::ErrorKind::TimedOut => Some(Kind::Timeout),
        _ => None,
    }
}

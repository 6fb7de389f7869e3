//! What goes into the transport, and what comes out.

use std::{fmt, net::SocketAddr, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use url::Url;

/// Whether an emitter has succeeded since its last failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// It has.
    Proven,
    /// It has not, or nothing is known.
    #[default]
    Unproven,
}

/// One POST to be made.
#[derive(Clone)]
pub struct AttemptRequest {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) timeout: Duration,
    pub(super) standing: Standing,
}

impl AttemptRequest {
    /// A POST of `body` to `url`; `timeout` covers look-up, connect and head.
    #[must_use]
    pub fn new(url: Url, headers: HeaderMap, body: Bytes, timeout: Duration) -> Self {
        Self {
            url,
            headers,
            body,
            timeout,
            standing: Standing::default(),
        }
    }

    /// How its emitter stands. Defaults to unproven.
    #[must_use]
    pub fn standing(mut self, standing: Standing) -> Self {
        self.standing = standing;
        self
    }

    /// Where it goes.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Its headers, to be changed by a layer; signatures are made already.
    #[must_use]
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What look-up, connect and head may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
    }
}

/// Without path, query, header values and body: any of them may be confidential.
impl fmt::Debug for AttemptRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptRequest")
            .field("host", &self.url.host_str())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("size", &self.body.len())
            .field("timeout", &self.timeout)
            .field("standing", &self.standing)
            .finish()
    }
}

/// How many bytes of the body of an answer are kept.
pub(crate) fn body_limit(success: bool) -> usize {
    if success { 1 << 10 } else { 16 << 10 }
}

/// An answer: its status, and what was captured of the rest.
#[derive(Clone)]
pub struct AttemptResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    truncated: bool,
    remote_addr: Option<SocketAddr>,
}

impl AttemptResponse {
    /// An answer of this status, without anything else.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            truncated: false,
            remote_addr: None,
        }
    }

    /// Its headers.
    #[must_use]
    pub fn with_headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// What was captured of the body, and whether it was longer.
    #[must_use]
    pub fn with_body(mut self, body: Bytes, truncated: bool) -> Self {
        self.body = body;
        self.truncated = truncated;
        self
    }

    /// The address that answered.
    #[must_use]
    pub fn with_remote_addr(mut self, addr: impl Into<Option<SocketAddr>>) -> Self {
        self.remote_addr = addr.into();
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// Its headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What was captured of the body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What was captured of the body.
    #[must_use]
    pub fn into_body(self) -> Bytes {
        self.body
    }

    /// Whether the body was longer than what was captured, or broke.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The address that answered, where it is known.
    #[must_use]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.remote_addr
    }
}

/// Without the captured parts: receivers echo secrets.
impl fmt::Debug for AttemptResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttemptResponse")
            .field("status", &self.status)
            .field("remote_addr", &self.remote_addr)
            .finish_non_exhaustive()
    }
}

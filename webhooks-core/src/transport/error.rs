//! Why an attempt has no status.

use std::{borrow::Cow, error::Error as StdError, fmt, net::SocketAddr, str::FromStr};

type Source = Box<dyn StdError + Send + Sync>;

/// Why an attempt has no status: opaque, with a [`kind`](Self::kind) to decide on.
#[derive(Debug)]
pub struct AttemptError {
    kind: AttemptErrorKind,
    message: Cow<'static, str>,
    remote_addr: Option<SocketAddr>,
    source: Option<Source>,
}

/// The kinds of [`AttemptError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptErrorKind {
    /// Look-up, connect and head took too long.
    Timeout,
    /// The name could not be looked up.
    Dns,
    /// The connection was refused, or there is no way to the address.
    Refused,
    /// The connection broke before there was a head.
    Reset,
    /// There was no TLS session.
    Tls,
    /// The guard refused the address.
    ForbiddenAddress,
    /// What came back is not HTTP.
    InvalidResponse,
    /// The request cannot be made.
    InvalidRequest,
    /// The transport panicked.
    Panicked,
    /// Anything else.
    Other,
}

use AttemptErrorKind as Kind;

const WORDS: [(Kind, &str); 10] = [
    (Kind::Timeout, "timeout"),
    (Kind::Dns, "dns"),
    (Kind::Refused, "refused"),
    (Kind::Reset, "reset"),
    (Kind::Tls, "tls"),
    (Kind::ForbiddenAddress, "forbidden_address"),
    (Kind::InvalidResponse, "invalid_response"),
    (Kind::InvalidRequest, "invalid_request"),
    (Kind::Panicked, "panicked"),
    (Kind::Other, "other"),
];

impl AttemptErrorKind {
    /// The word for it in the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("other", |(_, word)| word)
    }
}

impl fmt::Display for AttemptErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for AttemptErrorKind {
    type Err = crate::Error;

    fn from_str(text: &str) -> Result<Self, crate::Error> {
        WORDS
            .iter()
            .find(|(_, word)| *word == text)
            .map(|(kind, _)| *kind)
            .ok_or_else(|| {
                crate::Error::new(
                    crate::ErrorKind::InvalidValue,
                    "unknown kind of attempt error",
                )
            })
    }
}

impl AttemptError {
    /// An error of `kind`; `message` is for people, and free of secrets.
    pub fn new(kind: AttemptErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            message: message.into(),
            remote_addr: None,
            source: None,
        }
    }

    /// Adds the cause. Defaults to none.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Adds the address that was connected. Defaults to none.
    #[must_use]
    pub fn with_remote_addr(mut self, addr: impl Into<Option<SocketAddr>>) -> Self {
        self.remote_addr = addr.into();
        self
    }

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> AttemptErrorKind {
        self.kind
    }

    /// The address that was connected, where one was and is known.
    #[must_use]
    pub fn remote_addr(&self) -> Option<SocketAddr> {
        self.remote_addr
    }
}

impl fmt::Display for AttemptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for AttemptError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

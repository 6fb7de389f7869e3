//! The error of this crate: opaque, with a [`kind`](Error::kind) to decide on.

use std::{borrow::Cow, error::Error as StdError, fmt};

type Source = Box<dyn StdError + Send + Sync + 'static>;

/// What went wrong, in the terms of [`ErrorKind`].
///
/// `Display` says what was wrong and what would be right, for people; decide on
/// [`kind`](Self::kind), never on the text.
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    message: Cow<'static, str>,
    source: Option<Source>,
}

/// The kinds of [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An event name, a pattern, an ID, a key or another value is not of the form it must have.
    InvalidValue,
    /// A URL that no emitter may have: scheme, user info, fragment, port or host.
    InvalidUrl,
    /// A URL whose address the guard refuses (see [`transport`](crate::transport)).
    ForbiddenAddress,
    /// A setting of an emitter or of the builder is out of its range.
    InvalidConfig,
    /// A payload that is not a JSON object, or not JSON at all.
    InvalidPayload,
    /// A payload above the limit, 1 MiB by default.
    PayloadTooLarge,
    /// A payload nested deeper than 128 levels.
    PayloadTooDeep,
    /// The emitter is attached and running.
    AlreadyExists,
    /// The emitter is attached, but paused or disabled.
    AlreadyPresent,
    /// The emitter to be restarted is running.
    AlreadyRunning,
    /// There is no such emitter, message or delivery.
    NotFound,
    /// The tenant of an emitter cannot change, or does not agree with the event's.
    TenantMismatch,
    /// The store's bound of pending deliveries is reached; retryable.
    QueueFull,
    /// [`Webhooks::shutdown`](crate::Webhooks::shutdown) has begun.
    ShuttingDown,
    /// The idempotency key was used before, with another event or payload.
    IdempotencyMismatch,
    /// The payload was erased, so it cannot be sent again.
    PayloadErased,
    /// Only a pending delivery can be discarded.
    NotPending,
    /// The outbox is used after its request was answered.
    OutboxClosed,
    /// An event is to be emitted in a transaction, and none is open.
    NoTransaction,
    /// The store is away or failed; retryable.
    Store,
    /// The store is busy with a transaction of the application's; retryable.
    Busy,
    /// The key that secrets are sealed with is missing, malformed or another one, or what it sealed
    /// is damaged.
    SecretsKey,
}

impl Error {
    /// An error of `kind`; `message` says what was wrong and what would be right.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                message: message.into(),
                source: None,
            }),
        }
    }

    /// Adds the cause. Defaults to none.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    pub(crate) fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorKind::InvalidValue, message)
    }

    /// What kind of error this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Whether the same call may succeed later: the store was full, busy or away.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::QueueFull | ErrorKind::Store | ErrorKind::Busy
        )
    }

    /// Whether there was no such emitter, message or delivery.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the call collides with the state that is there.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::AlreadyExists
                | ErrorKind::AlreadyPresent
                | ErrorKind::AlreadyRunning
                | ErrorKind::TenantMismatch
                | ErrorKind::IdempotencyMismatch
                | ErrorKind::PayloadErased
                | ErrorKind::NotPending
        )
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("message", &self.inner.message)
            .field("source", &self.inner.source)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_deref().map(|source| source as _)
    }
}

impl From<std::convert::Infallible> for Error {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

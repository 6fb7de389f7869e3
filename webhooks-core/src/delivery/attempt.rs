//! One HTTP request of a delivery and its outcome.

use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;

use super::CapturedHeaders;
use crate::{env::Timestamp, transport::AttemptErrorKind};

/// One HTTP request of a delivery and its outcome.
#[derive(Clone, PartialEq)]
pub struct Attempt {
    /// Counts from 1, and goes on counting after a redelivery.
    pub number: u32,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, up to the end of what was read of the body.
    pub duration: Duration,
    /// The status, or why there was none.
    pub outcome: AttemptOutcome,
    /// Where it really went, since the URL may change later.
    pub url: Arc<str>,
    /// The address that answered, where one was connected.
    pub remote_addr: Option<SocketAddr>,
    /// The captured part of the response's headers.
    pub response_headers: CapturedHeaders,
    /// The captured part of the response's body.
    pub response_body: Bytes,
    /// Whether the body was longer than what was captured.
    pub response_truncated: bool,
}

/// The status of an attempt, or why there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The receiver answered with this status.
    Status(u16),
    /// There was no status.
    Failed(AttemptFailure),
}

/// Why an attempt has no status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFailure {
    /// The kind, to decide on.
    pub kind: AttemptErrorKind,
    /// The text, for people.
    pub message: Box<str>,
}

impl Attempt {
    /// Whether the receiver took it: any status of 200–299, whatever the body then did.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self.outcome, AttemptOutcome::Status(200..=299))
    }

    /// The status, if there was one.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self.outcome {
            AttemptOutcome::Status(status) => Some(status),
            AttemptOutcome::Failed(_) => None,
        }
    }

    /// Why there was no status.
    #[must_use]
    pub fn failure(&self) -> Option<&AttemptFailure> {
        match &self.outcome {
            AttemptOutcome::Status(_) => None,
            AttemptOutcome::Failed(failure) => Some(failure),
        }
    }

    /// The bytes of memory that its captured parts take.
    pub(crate) fn weight(&self) -> usize {
        self.response_body.len() + self.response_headers.as_str().len()
    }
}

/// Without the response and the URL's query: receivers echo secrets.
impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt")
            .field("number", &self.number)
            .field("started_at", &self.started_at)
            .field("duration", &self.duration)
            .field("outcome", &self.outcome)
            .field("remote_addr", &self.remote_addr)
            .finish_non_exhaustive()
    }
}

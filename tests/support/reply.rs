//! What a receiver does with a request.

use std::time::Duration;

use crate::Gate;

/// What a receiver does with a request.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) bytes: Vec<u8>,
    pub(crate) then: Then,
    pub(crate) gate: Option<Gate>,
    pub(crate) delay: Duration,
}

/// What follows the bytes of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Then {
    /// The next request of the connection.
    Next,
    /// The end of the connection.
    Close,
    /// A reset of the connection.
    Reset,
    /// Nothing, for ever.
    Hang,
}

impl Reply {
    /// An empty answer of this status, the connection kept open.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::with_headers(status, &[])
    }

    /// An empty answer of this status with these headers, the connection kept open.
    #[must_use]
    pub fn with_headers(status: u16, headers: &[(&str, &str)]) -> Self {
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}: {value}\r\n"))
            .collect();
        let head = format!("HTTP/1.1 {status} Text\r\ncontent-length: 0\r\n{lines}\r\n");
        Self {
            bytes: head.into_bytes(),
            then: Then::Next,
            gate: None,
            delay: Duration::ZERO,
        }
    }

    /// These bytes, then the end of the connection.
    #[must_use]
    pub fn raw(bytes: &str) -> Self {
        Self {
            bytes: bytes.as_bytes().to_vec(),
            then: Then::Close,
            gate: None,
            delay: Duration::ZERO,
        }
    }

    /// These bytes, then nothing, for ever.
    #[must_use]
    pub fn stalled(bytes: &str) -> Self {
        Self {
            bytes: bytes.as_bytes().to_vec(),
            then: Then::Hang,
            gate: None,
            delay: Duration::ZERO,
        }
    }

    /// No answer, for ever.
    #[must_use]
    pub fn never() -> Self {
        Self::stalled("")
    }

    /// A reset instead of an answer.
    #[must_use]
    pub fn reset() -> Self {
        Self {
            bytes: Vec::new(),
            then: Then::Reset,
            gate: None,
            delay: Duration::ZERO,
        }
    }

    /// Whether its status is 2xx.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.bytes.starts_with(b"HTTP/1.1 2")
    }

    /// The same, once the gate is open.
    #[must_use]
    pub fn held_by(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// The same, so much later: the receiver is slow.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

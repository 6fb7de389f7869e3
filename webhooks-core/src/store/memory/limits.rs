//! How much a memory store keeps.

/// How much a [`MemoryStore`](super::MemoryStore) keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "limits do nothing until a store has them"]
pub struct MemoryLimits {
    pub(super) pending_per_emitter: usize,
    pub(super) pending: usize,
    pub(super) settled: usize,
    pub(super) log_bytes: usize,
    pub(super) idempotency_keys: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        Self {
            pending_per_emitter: 10_000,
            pending: 100_000,
            settled: 100_000,
            log_bytes: 64 << 20,
            idempotency_keys: 250_000,
        }
    }
}

impl MemoryLimits {
    /// How many deliveries of one emitter may be pending; what comes beyond that is recorded as
    /// `dead`, reason `queue_full`. Defaults to 10,000.
    pub fn pending_per_emitter(mut self, deliveries: usize) -> Self {
        self.pending_per_emitter = deliveries;
        self
    }

    /// How many deliveries may be pending in all; an append beyond that fails. Defaults to 100,000.
    pub fn pending(mut self, deliveries: usize) -> Self {
        self.pending = deliveries;
        self
    }

    /// How many settled deliveries are kept; the one that settled first goes first. Defaults to
    /// 100,000.
    pub fn settled(mut self, deliveries: usize) -> Self {
        self.settled = deliveries;
        self
    }

    /// How many bytes the log may take: the payloads of messages with nothing pending, and what was
    /// captured of responses. Beyond that settled deliveries go, the one that settled first at
    /// first. Defaults to 64 MiB.
    pub fn log_bytes(mut self, bytes: usize) -> Self {
        self.log_bytes = bytes;
        self
    }

    /// How many idempotency keys are remembered; beyond that the oldest is forgotten before its 24
    /// hours are over. Defaults to 250,000.
    pub fn idempotency_keys(mut self, keys: usize) -> Self {
        self.idempotency_keys = keys;
        self
    }
}

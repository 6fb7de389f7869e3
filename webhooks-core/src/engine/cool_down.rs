//! When an emitter may be attempted, after what its receiver answered.

use std::time::Duration;

use tokio::time::Instant;

use crate::{env::Timestamp, retry::RetryPolicy, store::Health};

/// How an emitter's receiver answered last, and until when it is left alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct CoolDown {
    failures: u32,
    /// After the failures so far.
    until: Option<Instant>,
    /// What `Retry-After` asked for: other attempts that succeed do not end it.
    floor: Option<Instant>,
    /// When the last failure that counted ended.
    last_failure: Option<Instant>,
    failing_since: Option<Timestamp>,
    /// It succeeded since its last failure.
    proven: bool,
}

impl CoolDown {
    /// As a former owner, or this process before, left it.
    pub(crate) fn restore(health: Health, now: Instant, wall: Timestamp) -> Self {
        let until = health
            .cooling_until
            .map(|until| now + until.saturating_since(wall));
        Self {
            failures: health.consecutive_failures,
            until: until.filter(|until| *until > now),
            failing_since: health.failing_since,
            ..Self::default()
        }
    }

    /// Whether it succeeded since its last failure.
    pub(crate) fn is_proven(&self) -> bool {
        self.proven
    }

    /// Whether only a probe may be sent: its last attempt failed.
    pub(crate) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    pub(crate) fn failing_since(&self) -> Option<Timestamp> {
        self.failing_since
    }

    /// No attempt before then.
    pub(crate) fn until(&self) -> Option<Instant> {
        self.until.max(self.floor)
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self {
            proven: true,
            floor: self.floor,
            ..Self::default()
        };
    }

    /// Counts a failure of an attempt that began at `started`.
    ///
    /// Attempts that were in flight side by side fail for one cause: only one that began after the
    /// last counted failure makes the cool-down longer, or 64 lanes would reach its bound at once.
    pub(crate) fn failed(
        &mut self,
        policy: &RetryPolicy,
        retry_after: Option<Duration>,
        unit: f64,
        started: Instant,
        now: Instant,
        wall: Timestamp,
    ) {
        self.proven = false;
        self.failing_since.get_or_insert(wall);
        if let Some(after) = retry_after {
            self.floor = self.floor.max(Some(now + after));
        }
        if self.last_failure.is_none_or(|last| started >= last) {
            self.failures = self.failures.saturating_add(1);
            self.until = Some(now + policy.cool_down(self.failures, unit));
            self.last_failure = Some(now);
        }
    }

    /// Somebody asked for an attempt now.
    pub(crate) fn end(&mut self) {
        self.until = None;
        self.floor = None;
    }

    pub(crate) fn health(&self, now: Instant, wall: Timestamp) -> Health {
        let until = self.until().filter(|until| *until > now);
        Health {
            consecutive_failures: self.failures,
            cooling_until: until.map(|until| wall.saturating_add(until - now)),
            failing_since: self.failing_since,
        }
    }
}

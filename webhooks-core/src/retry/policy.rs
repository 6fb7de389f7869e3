//! The policy, and the delays that follow from it.

use std::time::Duration;

/// A schedule's long waits are a delivery's; an emitter that works again is not kept waiting so long.
const MAX_SCHEDULED_COOL_DOWN: Duration = Duration::from_secs(60);

/// When a failed delivery is tried again, and when it is given up.
///
/// Defaults to exponential from 1 s, doubled up to 60 s, jitter ±20 %, 15 attempts. Its durations are
/// whole milliseconds.
///
/// ```
/// use std::time::Duration;
/// use webhooks_core::{Jitter, RetryPolicy};
///
/// let policy = RetryPolicy::exponential(Duration::from_secs(1), Duration::from_secs(60))
///     .jitter(Jitter::None)
///     .max_attempts(5)
///     .give_up_on([400, 404, 422]);
/// assert_eq!(policy.delay_after(1, 0.5), Some(Duration::from_secs(1)));
/// assert_eq!(policy.delay_after(4, 0.5), Some(Duration::from_secs(8)));
/// assert_eq!(policy.delay_after(5, 0.5), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "a policy does nothing until an emitter has it"]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How the delays grow.
    pub backoff: Backoff,
    /// How much chance there is in them.
    pub jitter: Jitter,
    /// Gives up when the next attempt would start later than this after the first.
    pub max_age: Option<Duration>,
    /// Statuses that retrying cannot mend; sorted.
    pub give_up_on: Vec<u16>,
}

/// How the delays of a [`RetryPolicy`] grow.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Backoff {
    /// By a factor, up to a bound.
    Exponential {
        /// After the first failure.
        initial: Duration,
        /// No delay is longer, jitter aside.
        max: Duration,
        /// By what each delay exceeds the one before it.
        factor: f64,
        /// How many attempts a delivery has in all.
        max_attempts: u32,
    },
    /// As listed.
    Schedule {
        /// The first precedes the first attempt; there are as many attempts as delays.
        delays: Vec<Duration>,
    },
}

/// How much chance there is in a delay, so that failed deliveries do not come back all at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Jitter {
    /// Anything between nothing and the delay.
    Full,
    /// The delay itself.
    None,
    /// The delay, more or less by this fraction of it (0.0–1.0).
    Fraction(f64),
}

impl RetryPolicy {
    /// Waits `initial` after the first failure, doubled after each further one up to `max`;
    /// jitter ±20 %, 15 attempts.
    pub fn exponential(initial: Duration, max: Duration) -> Self {
        Self {
            backoff: Backoff::Exponential {
                initial,
                max,
                factor: 2.0,
                max_attempts: 15,
            },
            jitter: Jitter::Fraction(0.2),
            max_age: None,
            give_up_on: Vec::new(),
        }
    }

    /// Waits these delays: the first before the first attempt, and so on; there are as many
    /// attempts as delays. Jitter ±20 %.
    pub fn schedule(delays: impl IntoIterator<Item = Duration>) -> Self {
        Self {
            backoff: Backoff::Schedule {
                delays: delays.into_iter().collect(),
            },
            jitter: Jitter::Fraction(0.2),
            max_age: None,
            give_up_on: Vec::new(),
        }
    }

    /// The schedule of the Standard Webhooks specification: 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h,
    /// 14 h, 20 h, 24 h, jitter ±20 %. For relaxed ordering on a durable store: a strict lane would
    /// wait with it.
    pub fn standard() -> Self {
        let secs = [
            0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400,
        ];
        Self::schedule(secs.map(Duration::from_secs))
    }

    /// What Elixir's `webhooks_emitter` does: 3 attempts, from 1 s up to 60 s.
    pub fn emitter() -> Self {
        Self::exponential(Duration::from_secs(1), Duration::from_secs(60)).max_attempts(3)
    }

    /// How many attempts a delivery has in all. Ignored by a schedule, which has as many attempts
    /// as delays. Defaults to 15.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        if let Backoff::Exponential { max_attempts, .. } = &mut self.backoff {
            *max_attempts = attempts;
        }
        self
    }

    /// By what each delay exceeds the one before it. Ignored by a schedule. Defaults to 2.
    pub fn factor(mut self, by: f64) -> Self {
        if let Backoff::Exponential { factor, .. } = &mut self.backoff {
            *factor = by;
        }
        self
    }

    /// How much chance there is in a delay. Defaults to ±20 %.
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Gives up when the next attempt would start later than this after the first. Defaults to
    /// none.
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = age.into();
        self
    }

    /// Statuses that retrying cannot mend: dead at once. Defaults to none.
    pub fn give_up_on(mut self, statuses: impl IntoIterator<Item = u16>) -> Self {
        self.give_up_on = statuses.into_iter().collect();
        self.give_up_on.sort_unstable();
        self.give_up_on.dedup();
        self
    }

    /// How many attempts a delivery has in all.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        match &self.backoff {
            Backoff::Exponential { max_attempts, .. } => *max_attempts,
            Backoff::Schedule { delays } => u32::try_from(delays.len()).unwrap_or(u32::MAX),
        }
    }

    /// How long a new delivery waits for its first attempt, for a draw of `unit` from [0, 1).
    #[must_use]
    pub fn first_delay(&self, unit: f64) -> Duration {
        match &self.backoff {
            Backoff::Exponential { .. } => Duration::ZERO,
            Backoff::Schedule { delays } => {
                self.with_jitter(delays.first().copied().unwrap_or_default(), unit)
            }
        }
    }

    /// How long to wait after the `attempt`-th failed attempt (from 1), for a draw of `unit` from
    /// [0, 1); `None` if that was the last.
    #[must_use]
    pub fn delay_after(&self, attempt: u32, unit: f64) -> Option<Duration> {
        if attempt >= self.attempts() {
            return None;
        }
        let delay = match &self.backoff {
            Backoff::Exponential { .. } => self.exponential_delay(attempt),
            Backoff::Schedule { delays } => delays[attempt as usize],
        };
        Some(self.with_jitter(delay, unit))
    }

    /// How long an emitter cools down after `failures` failures in a row (from 1), whichever
    /// deliveries they were of, for a draw of `unit` from [0, 1).
    #[must_use]
    pub fn cool_down(&self, failures: u32, unit: f64) -> Duration {
        let delay = match &self.backoff {
            Backoff::Exponential { .. } => self.exponential_delay(failures),
            Backoff::Schedule { delays } => {
                let last = delays.len().saturating_sub(1);
                let delay = delays
                    .get(last.min(failures as usize))
                    .copied()
                    .unwrap_or_default();
                delay.min(MAX_SCHEDULED_COOL_DOWN)
            }
        };
        self.with_jitter(delay, unit)
    }

    /// Whether this status is given up on at once.
    #[must_use]
    pub fn gives_up_on(&self, status: u16) -> bool {
        self.give_up_on.binary_search(&status).is_ok()
    }

    fn exponential_delay(&self, failures: u32) -> Duration {
        let Backoff::Exponential {
            initial,
            max,
            factor,
            ..
        } = &self.backoff
        else {
            return Duration::ZERO;
        };
        let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
        let secs = initial.as_secs_f64() * factor.powi(exponent);
        if secs < max.as_secs_f64() {
            Duration::from_secs_f64(secs)
        } else {
            *max
        }
    }

    fn with_jitter(&self, delay: Duration, unit: f64) -> Duration {
        match self.jitter {
            Jitter::None => delay,
            Jitter::Full => delay.mul_f64(unit),
            Jitter::Fraction(fraction) => delay.mul_f64(1.0 + fraction * (2.0 * unit - 1.0)),
        }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self::exponential(Duration::from_secs(1), Duration::from_secs(60))
    }
}

//! Which policies make sense.

use std::time::Duration;

use super::{Backoff, Jitter, RetryPolicy};
use crate::{Error, ErrorKind, millis::require_whole_millis};

/// No delay is longer: a schedule beyond it is a mistake in the unit.
pub(super) const MAX_DELAY: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const MAX_AGE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
pub(super) const MAX_ATTEMPTS: u32 = 1_000;
pub(super) const MAX_SCHEDULE: usize = 100;

impl RetryPolicy {
    /// Checks every number of it.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), naming the field and its range.
    pub fn validate(&self) -> Result<(), Error> {
        match &self.backoff {
            Backoff::Exponential {
                initial,
                max,
                factor,
                max_attempts,
            } => {
                require((1..=MAX_ATTEMPTS).contains(max_attempts), || {
                    format!("`max_attempts` is {max_attempts}: expected 1–{MAX_ATTEMPTS}")
                })?;
                require(!initial.is_zero() && *initial <= MAX_DELAY, || {
                    format!(
                        "`initial_ms` is {}: expected 1 ms to 30 days",
                        initial.as_millis()
                    )
                })?;
                require(initial <= max && *max <= MAX_DELAY, || {
                    format!(
                        "`max_ms` is {}: expected `initial_ms` to 30 days",
                        max.as_millis()
                    )
                })?;
                require((1.0..=100.0).contains(factor), || {
                    format!("`factor` is {factor}: expected 1.0–100.0")
                })?;
                require_whole_millis("initial_ms", *initial)?;
                require_whole_millis("max_ms", *max)?;
            }
            Backoff::Schedule { delays } => {
                require((1..=MAX_SCHEDULE).contains(&delays.len()), || {
                    format!(
                        "`delays_ms` has {} delays: expected 1–{MAX_SCHEDULE}",
                        delays.len()
                    )
                })?;
                require(delays.iter().all(|delay| *delay <= MAX_DELAY), || {
                    "`delays_ms` has a delay beyond 30 days: expected 0 ms to 30 days".to_owned()
                })?;
                delays
                    .iter()
                    .try_for_each(|delay| require_whole_millis("delays_ms", *delay))?;
            }
        }
        if let Jitter::Fraction(fraction) = self.jitter {
            require((0.0..=1.0).contains(&fraction), || {
                format!("`jitter` is {fraction}: expected \"full\", \"none\" or 0.0–1.0")
            })?;
        }
        if let Some(age) = self.max_age {
            require(!age.is_zero() && age <= MAX_AGE, || {
                format!(
                    "`max_age_ms` is {}: expected 1 ms to 365 days",
                    age.as_millis()
                )
            })?;
            require_whole_millis("max_age_ms", age)?;
        }
        let wrong = self
            .give_up_on
            .iter()
            .find(|status| !(300..=599).contains(*status));
        require(wrong.is_none(), || {
            format!(
                "`give_up_on` has {}: expected statuses of 300–599",
                wrong.unwrap_or(&0)
            )
        })
    }
}

fn require(right: bool, message: impl FnOnce() -> String) -> Result<(), Error> {
    if right {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::InvalidConfig, message()))
    }
}

//! The shape that retry policies have in JSON.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Backoff, Jitter, RetryPolicy};
use crate::{Error, millis::millis};

/// A retry policy in JSON; what is absent takes its default, what is unknown is ignored.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct RetryJson {
    #[serde(default)]
    pub(super) policy: Policy,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_attempts: Option<u32>,
    pub(super) max_age_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) initial_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) max_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delays_ms: Option<Vec<u64>>,
    pub(super) jitter: Option<JitterJson>,
    #[serde(default)]
    pub(super) give_up_on: Vec<u16>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Policy {
    #[default]
    Exponential,
    Schedule,
}

/// A jitter in JSON.
#[derive(Debug, Deserialize, Serialize)]
#[serde(
    untagged,
    expecting = "`jitter` is of no known form: expected \"full\", \"none\" or 0.0–1.0"
)]
pub(super) enum JitterJson {
    Fraction(f64),
    Word(String),
}

impl From<&RetryPolicy> for RetryJson {
    fn from(policy: &RetryPolicy) -> Self {
        let common = Self {
            max_age_ms: policy.max_age.map(millis),
            jitter: Some(policy.jitter.into()),
            give_up_on: policy.give_up_on.clone(),
            ..Self::default()
        };
        match &policy.backoff {
            Backoff::Exponential {
                initial,
                max,
                factor,
                max_attempts,
            } => Self {
                policy: Policy::Exponential,
                max_attempts: Some(*max_attempts),
                initial_ms: Some(millis(*initial)),
                max_ms: Some(millis(*max)),
                factor: Some(*factor),
                ..common
            },
            Backoff::Schedule { delays } => Self {
                policy: Policy::Schedule,
                delays_ms: Some(delays.iter().copied().map(millis).collect()),
                ..common
            },
        }
    }
}

impl From<Jitter> for JitterJson {
    fn from(jitter: Jitter) -> Self {
        match jitter {
            Jitter::Full => Self::Word("full".to_owned()),
            Jitter::None => Self::Word("none".to_owned()),
            Jitter::Fraction(fraction) => Self::Fraction(fraction),
        }
    }
}

impl RetryJson {
    /// The policy, its numbers not yet checked.
    pub(crate) fn into_policy(self) -> Result<RetryPolicy, Error> {
        let exponential = self.max_attempts.is_some()
            || self.initial_ms.is_some()
            || self.max_ms.is_some()
            || self.factor.is_some();
        let policy = match (self.policy, self.delays_ms) {
            (Policy::Schedule, Some(delays)) if !exponential => {
                RetryPolicy::schedule(delays.into_iter().map(Duration::from_millis))
            }
            (Policy::Exponential, None) => {
                let initial = Duration::from_millis(self.initial_ms.unwrap_or(1_000));
                let max = Duration::from_millis(self.max_ms.unwrap_or(60_000));
                RetryPolicy::exponential(initial, max)
                    .max_attempts(self.max_attempts.unwrap_or(15))
                    .factor(self.factor.unwrap_or(2.0))
            }
            _ => {
                return Err(Error::invalid(
                    "`retry` mixes its two policies: a schedule has `delays_ms`, an exponential one `max_attempts`, `initial_ms`, `max_ms` and `factor`",
                ));
            }
        };
        let jitter = match self.jitter {
            None => policy.jitter,
            Some(jitter) => jitter.into_jitter()?,
        };
        Ok(policy
            .jitter(jitter)
            .max_age(self.max_age_ms.map(Duration::from_millis))
            .give_up_on(self.give_up_on))
    }
}

impl JitterJson {
    pub(super) fn into_jitter(self) -> Result<Jitter, Error> {
        match self {
            Self::Fraction(fraction) => Ok(Jitter::Fraction(fraction)),
            Self::Word(word) if word == "full" => Ok(Jitter::Full),
            Self::Word(word) if word == "none" => Ok(Jitter::None),
            Self::Word(_) => Err(Error::invalid(
                "`jitter` is unknown: expected \"full\", \"none\" or 0.0–1.0",
            )),
        }
    }
}

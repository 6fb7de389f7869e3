//! Retry policies as the API shows and takes them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use webhooks_core::{Jitter, RetryPolicy, delivery::Backoff};

use super::Problem;

/// A retry policy; what is absent takes its default.
#[derive(Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    #[serde(default)]
    policy: Policy,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_attempts: Option<u32>,
    max_age_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    initial_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factor: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delays_ms: Option<Vec<u64>>,
    jitter: Option<JitterWord>,
    #[serde(default)]
    give_up_on: Vec<u16>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Policy {
    #[default]
    Exponential,
    Schedule,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum JitterWord {
    Fraction(f64),
    Word(String),
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl From<&RetryPolicy> for Retry {
    fn from(policy: &RetryPolicy) -> Self {
        let common = Self {
            max_age_ms: policy.max_age.map(millis),
            jitter: Some(match policy.jitter {
                Jitter::Full => JitterWord::Word("full".to_owned()),
                Jitter::None => JitterWord::Word("none".to_owned()),
                Jitter::Fraction(fraction) => JitterWord::Fraction(fraction),
            }),
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
            _ => common,
        }
    }
}

impl Retry {
    pub(super) fn into_policy(self) -> Result<RetryPolicy, Problem> {
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
                return Err(Problem::invalid(
                    "`retry` mixes its two policies: a schedule has `delays_ms`, an exponential one `max_attempts`, `initial_ms`, `max_ms` and `factor`",
                ));
            }
        };
        let jitter = match self.jitter {
            None => Jitter::Fraction(0.2),
            Some(JitterWord::Fraction(fraction)) => Jitter::Fraction(fraction),
            Some(JitterWord::Word(word)) if word == "full" => Jitter::Full,
            Some(JitterWord::Word(word)) if word == "none" => Jitter::None,
            Some(JitterWord::Word(_)) => {
                return Err(Problem::invalid(
                    "`jitter` is unknown: expected \"full\", \"none\" or 0.0–1.0",
                ));
            }
        };
        Ok(policy
            .jitter(jitter)
            .max_age(self.max_age_ms.map(Duration::from_millis))
            .give_up_on(self.give_up_on))
    }
}

//! What an attempt means for its delivery and its emitter.

use std::time::Duration;

use http::header::RETRY_AFTER;

use crate::{
    delivery::{Attempt, DeadReason, Progress},
    env::Timestamp,
    retry::RetryPolicy,
    store::Verdict,
    transport::AttemptResponse,
};

/// What an attempt means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    /// The receiver is gone (410): the emitter is disabled.
    pub(crate) gone: bool,
}

/// An attempt, and what its delivery and emitter were like when it ended.
pub(crate) struct Case<'a> {
    pub(crate) policy: &'a RetryPolicy,
    pub(crate) attempt: &'a Attempt,
    /// Before this attempt.
    pub(crate) progress: Progress,
    /// How long the emitter cools down now.
    pub(crate) cooling: Duration,
    /// A draw from [0, 1): the same that the cool-down used.
    pub(crate) unit: f64,
    pub(crate) now: Timestamp,
}

pub(crate) fn judge(case: &Case<'_>) -> Judgement {
    let Case {
        policy,
        attempt,
        progress,
        ..
    } = case;
    if attempt.is_success() {
        return Judgement {
            verdict: Verdict::Delivered,
            gone: false,
        };
    }
    let gone = attempt.status() == Some(410);
    let dead = |reason| Judgement {
        verdict: Verdict::Dead(reason),
        gone,
    };
    if attempt
        .status()
        .is_some_and(|status| policy.gives_up_on(status))
    {
        return dead(DeadReason::Status);
    }
    let first_attempt_at = progress.first_attempt_at.unwrap_or(attempt.started_at);
    let mut next = Progress {
        attempts: attempt.number,
        attempts_since_queued: progress.attempts_since_queued,
        first_attempt_at: Some(first_attempt_at),
        due: case.now,
    };
    if gone {
        // It says that the emitter is gone, nothing about this delivery: it keeps its attempts and
        // goes on after a restart.
        return Judgement {
            verdict: Verdict::Retry(next),
            gone,
        };
    }
    next.attempts_since_queued += 1;
    let Some(delay) = policy.delay_after(next.attempts_since_queued, case.unit) else {
        return dead(DeadReason::MaxAttempts);
    };
    next.due = case.now.saturating_add(delay);
    let starts = case.now.saturating_add(delay.max(case.cooling));
    match policy.max_age {
        Some(age) if starts > first_attempt_at.saturating_add(age) => dead(DeadReason::MaxAge),
        _ => Judgement {
            verdict: Verdict::Retry(next),
            gone,
        },
    }
}

/// What `Retry-After` asks for, in seconds or as a date (RFC 9110, section 10.2.3), for the
/// statuses that it is heeded for, at most `cap`.
pub(crate) fn retry_after(
    response: &AttemptResponse,
    now: Timestamp,
    cap: Duration,
) -> Option<Duration> {
    if !matches!(response.status().as_u16(), 429 | 503) {
        return None;
    }
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = if value.bytes().all(|byte| byte.is_ascii_digit()) && !value.is_empty() {
        // More digits than a u64 holds is still a wish for a long time.
        Duration::from_secs(value.parse().unwrap_or(u64::MAX))
    } else {
        Timestamp::from(httpdate::parse_http_date(value).ok()?).saturating_since(now)
    };
    Some(asked.min(cap))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderValue, StatusCode};

    use super::*;
    use crate::{
        delivery::{AttemptOutcome, CapturedHeaders},
        retry::Jitter,
    };

    const NOW: Timestamp = Timestamp::from_micros(1_000_000_000);

    fn attempt(number: u32, status: u16) -> Attempt {
        Attempt {
            number,
            started_at: NOW,
            duration: Duration::ZERO,
            outcome: AttemptOutcome::Status(status),
            url: "https://a.example/".into(),
            remote_addr: None,
            response_headers: CapturedHeaders::default(),
            response_body: Bytes::new(),
            response_truncated: false,
        }
    }

    fn policy() -> RetryPolicy {
        RetryPolicy::exponential(Duration::from_secs(1), Duration::from_secs(60))
            .jitter(Jitter::None)
            .max_attempts(3)
    }

    fn verdict(policy: &RetryPolicy, attempt: &Attempt, cooling: u64) -> Judgement {
        let progress = Progress {
            attempts: attempt.number - 1,
            attempts_since_queued: attempt.number - 1,
            ..Progress::queued(NOW)
        };
        let cooling = Duration::from_secs(cooling);
        judge(&Case {
            policy,
            attempt,
            progress,
            cooling,
            unit: 0.5,
            now: NOW,
        })
    }

    #[test]
    fn every_2xx_is_final() {
        for status in [200, 201, 204, 299] {
            assert_eq!(
                verdict(&policy(), &attempt(1, status), 0).verdict,
                Verdict::Delivered
            );
        }
    }

    #[test]
    fn the_last_attempt_gives_up() {
        assert!(matches!(
            verdict(&policy(), &attempt(2, 500), 0).verdict,
            Verdict::Retry(_)
        ));
        let last = verdict(&policy(), &attempt(3, 500), 0);
        assert_eq!(last.verdict, Verdict::Dead(DeadReason::MaxAttempts));
    }

    #[test]
    fn a_redirect_is_a_failed_attempt() {
        assert!(matches!(
            verdict(&policy(), &attempt(1, 301), 0).verdict,
            Verdict::Retry(_)
        ));
    }

    #[test]
    fn a_status_to_give_up_on_is_dead_at_once() {
        let policy = policy().give_up_on([400, 410]);
        assert_eq!(
            verdict(&policy, &attempt(1, 400), 0).verdict,
            Verdict::Dead(DeadReason::Status)
        );
        let gone = verdict(&policy, &attempt(1, 410), 0);
        assert_eq!(
            gone,
            Judgement {
                verdict: Verdict::Dead(DeadReason::Status),
                gone: true
            }
        );
    }

    #[test]
    fn a_410_disables_and_leaves_the_delivery_its_attempts_even_on_the_last() {
        let judged = verdict(&policy(), &attempt(3, 410), 0);
        assert!(judged.gone);
        let Verdict::Retry(progress) = judged.verdict else {
            panic!("{judged:?}")
        };
        assert_eq!((progress.attempts, progress.attempts_since_queued), (3, 2));
    }

    #[test]
    fn max_age_counts_to_the_start_of_the_next_attempt_cool_down_included() {
        let policy = policy().max_age(Duration::from_secs(10));
        assert!(matches!(
            verdict(&policy, &attempt(1, 500), 10).verdict,
            Verdict::Retry(_)
        ));
        let dead = Verdict::Dead(DeadReason::MaxAge);
        assert_eq!(verdict(&policy, &attempt(1, 500), 11).verdict, dead);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_capped() {
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let hour = Duration::from_secs(3_600);
        let ask = |status, value| {
            let headers = [(RETRY_AFTER, HeaderValue::from_static(value))];
            let status = StatusCode::from_u16(status).unwrap();
            let response = AttemptResponse::new(status).with_headers(headers.into_iter().collect());
            retry_after(&response, now, hour)
        };
        assert_eq!(ask(429, "7"), Some(Duration::from_secs(7)));
        assert_eq!(ask(503, " 0 "), Some(Duration::ZERO));
        assert_eq!(
            ask(503, "Thu, 01 Jan 2026 00:00:30 GMT"),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            ask(503, "Wed, 31 Dec 2025 00:00:30 GMT"),
            Some(Duration::ZERO)
        );
        assert_eq!(ask(429, "99999999999999999999999"), Some(hour));
        assert_eq!(ask(500, "7"), None);
        for nonsense in ["", "-1", "soon", "7s"] {
            assert_eq!(ask(429, nonsense), None, "{nonsense}");
        }
    }
}

use std::time::Duration;

use proptest::prelude::*;

use super::{
    validate::{MAX_ATTEMPTS, MAX_DELAY, MAX_SCHEDULE},
    *,
};
use crate::ErrorKind;

/// Any valid policy.
#[cfg(any(feature = "serde", feature = "sqlite", feature = "postgres"))]
pub(crate) fn any_policy() -> impl Strategy<Value = RetryPolicy> {
    let days_30 = 30 * 24 * 60 * 60 * 1_000u64;
    let exponential = (1..=days_30, 1..=days_30, 1.0f64..=100.0, 1..=MAX_ATTEMPTS).prop_map(
        |(one, other, factor, attempts)| {
            let [initial, max] = [one.min(other), one.max(other)].map(Duration::from_millis);
            RetryPolicy::exponential(initial, max)
                .factor(factor)
                .max_attempts(attempts)
        },
    );
    let schedule = proptest::collection::vec(0..=days_30, 1..=MAX_SCHEDULE)
        .prop_map(|delays| RetryPolicy::schedule(delays.into_iter().map(Duration::from_millis)));
    let jitter = prop_oneof![
        Just(Jitter::Full),
        Just(Jitter::None),
        (0.0f64..=1.0).prop_map(Jitter::Fraction),
    ];
    let max_age = proptest::option::of((1u64..=31_536_000_000).prop_map(Duration::from_millis));
    let give_up_on = proptest::collection::vec(300u16..=599, 0..6);
    (
        prop_oneof![exponential, schedule],
        jitter,
        max_age,
        give_up_on,
    )
        .prop_map(|(policy, jitter, max_age, give_up_on)| {
            policy
                .jitter(jitter)
                .max_age(max_age)
                .give_up_on(give_up_on)
        })
}

fn secs(delays: impl IntoIterator<Item = Option<Duration>>) -> Vec<f64> {
    delays
        .into_iter()
        .map_while(|delay| delay.map(|delay| delay.as_secs_f64()))
        .collect()
}

#[test]
fn the_default_doubles_up_to_a_minute_and_has_15_attempts() {
    let policy = RetryPolicy::default().jitter(Jitter::None);
    let delays = secs((1..=15).map(|attempt| policy.delay_after(attempt, 0.0)));
    assert_eq!(delays[..7], [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]);
    assert_eq!(delays.len(), 14);
    assert!(
        (530.0..560.0).contains(&delays.iter().sum::<f64>()),
        "about nine minutes"
    );
}

#[test]
fn the_policy_of_webhooks_emitter_has_3_attempts_from_a_second_to_a_minute() {
    let policy = RetryPolicy::emitter().jitter(Jitter::None);
    let delays = secs((1..=3).map(|attempt| policy.delay_after(attempt, 0.0)));
    assert_eq!((policy.attempts(), delays), (3, vec![1.0, 2.0]));
    assert_eq!(policy.cool_down(1_000, 0.0), Duration::from_secs(60));
}

#[test]
fn the_standard_schedule_takes_75_hours_35_minutes_5_seconds() {
    let policy = RetryPolicy::standard().jitter(Jitter::None);
    let delays = secs((1..=10).map(|attempt| policy.delay_after(attempt, 0.0)));
    let total = delays.iter().sum::<f64>() + policy.first_delay(0.0).as_secs_f64();
    assert_eq!(total, f64::from((75 * 60 + 35) * 60 + 5));
    assert_eq!(policy.attempts(), 10);
}

#[test]
fn the_cool_down_of_a_schedule_ends_within_a_minute() {
    let policy = RetryPolicy::standard().jitter(Jitter::None);
    assert_eq!(policy.cool_down(1, 0.0), Duration::from_secs(5));
    assert_eq!(policy.cool_down(2, 0.0), Duration::from_secs(60));
    assert_eq!(policy.cool_down(99, 0.0), Duration::from_secs(60));
}

#[test]
fn one_draw_gives_one_delay_for_the_delivery_and_its_emitter() {
    for policy in [
        RetryPolicy::default(),
        RetryPolicy::default().jitter(Jitter::Full),
    ] {
        assert_eq!(policy.delay_after(3, 0.7), Some(policy.cool_down(3, 0.7)));
    }
}

#[test]
fn absurd_numbers_are_refused_by_name() {
    let second = Duration::from_secs(1);
    let exponential = || RetryPolicy::exponential(second, second * 60);
    for (policy, name) in [
        (exponential().max_attempts(0), "max_attempts"),
        (
            RetryPolicy::exponential(Duration::ZERO, second),
            "initial_ms",
        ),
        (RetryPolicy::exponential(second * 2, second), "max_ms"),
        (exponential().factor(f64::NAN), "factor"),
        (exponential().factor(0.5), "factor"),
        (exponential().jitter(Jitter::Fraction(1.5)), "jitter"),
        (exponential().max_age(Duration::ZERO), "max_age_ms"),
        (exponential().give_up_on([200]), "give_up_on"),
        (RetryPolicy::schedule([]), "delays_ms"),
        (RetryPolicy::schedule([MAX_DELAY * 2]), "delays_ms"),
        (
            RetryPolicy::schedule([second, second / 1_000_000]),
            "`delays_ms` is 1µs: expected whole milliseconds",
        ),
        (
            RetryPolicy::exponential(second / 400, second),
            "`initial_ms` is 2.5ms: expected whole milliseconds",
        ),
        (
            RetryPolicy::exponential(second, second * 1_025 / 1_024),
            "max_ms",
        ),
        (exponential().max_age(second / 3), "whole milliseconds"),
    ] {
        let error = policy.validate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidConfig);
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn json_of_a_policy_is_that_of_the_api() {
    let text = r#"{"policy":"exponential","max_attempts":15,"max_age_ms":null,"initial_ms":1000,"max_ms":60000,"factor":2.0,"jitter":0.2,"give_up_on":[]}"#;
    assert_eq!(
        serde_json::to_string(&RetryPolicy::default()).unwrap(),
        text
    );
    let read = |text| serde_json::from_str::<RetryPolicy>(text);
    assert_eq!(read("{}").unwrap(), RetryPolicy::default());
    let schedule = read(r#"{"policy":"schedule","delays_ms":[0,5],"jitter":1}"#).unwrap();
    assert_eq!(
        serde_json::to_string(&schedule).unwrap(),
        r#"{"policy":"schedule","max_age_ms":null,"delays_ms":[0,5],"jitter":1.0,"give_up_on":[]}"#
    );
    for (text, word) in [
        (r#"{"max_attempts":0}"#, "1–1000"),
        (r#"{"max_attempts":-1}"#, "-1"),
        (r#"{"attempts":1}"#, "`max_attempts`"),
        (
            r#"{"policy":"schedule","delays_ms":[0],"factor":2}"#,
            "mixes",
        ),
        (r#"{"policy":"schedule"}"#, "`delays_ms`"),
        (r#"{"initial_ms":0}"#, "`initial_ms`"),
        (r#"{"initial_ms":18446744073709551615}"#, "`initial_ms`"),
        (r#"{"initial_ms":0.5}"#, "0.5"),
        (r#"{"factor":1e999}"#, "range"),
        (r#"{"jitter":"some"}"#, "0.0–1.0"),
        (r#"{"jitter":-0.1}"#, "0.0–1.0"),
        (r#"{"jitter":{}}"#, "0.0–1.0"),
        (r#"{"give_up_on":[70000]}"#, "70000"),
        ("7", "a retry policy"),
    ] {
        let error = read(text).unwrap_err().to_string();
        assert!(error.contains(word), "{text}: {error}");
    }
}

proptest! {
    #[test]
    fn delays_stay_within_their_bounds(
        initial in 1u64..10_000, max in 10_000u64..100_000_000, factor in 1.0f64..100.0,
        attempt in 1u32..2_000, unit in 0.0f64..1.0, fraction in 0.0f64..=1.0,
    ) {
        let max = Duration::from_millis(max);
        let policy = RetryPolicy::exponential(Duration::from_millis(initial), max)
            .factor(factor)
            .jitter(Jitter::Fraction(fraction))
            .max_attempts(MAX_ATTEMPTS);
        prop_assert!(policy.cool_down(attempt, unit) <= max.mul_f64(1.0 + fraction));
        prop_assert_eq!(policy.delay_after(attempt, unit).is_none(), attempt >= MAX_ATTEMPTS);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn policies_come_back_from_json_as_they_were(policy in any_policy()) {
        policy.validate().unwrap();
        let text = serde_json::to_string(&policy).unwrap();
        let back: RetryPolicy = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&back, &policy);
        let value = serde_json::to_value(&policy).unwrap();
        prop_assert_eq!(serde_json::from_value::<RetryPolicy>(value).unwrap(), policy);
    }
}

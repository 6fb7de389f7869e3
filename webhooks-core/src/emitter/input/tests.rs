use std::time::Duration;

use http::HeaderValue;
use serde_json::{Value, json};

use super::*;
use crate::{
    Backlog, Jitter, Ordering, RetryPolicy,
    emitter::DisabledReason,
    sign::{Scheme, Schemes},
};

fn config(extra: &Value) -> Result<EmitterConfig, String> {
    let mut json = json!({ "url": "https://crm.example/hooks" });
    for (key, value) in extra.as_object().unwrap() {
        json[key] = value.clone();
    }
    serde_json::from_str(&json.to_string()).map_err(|error| error.to_string())
}

#[test]
fn only_the_url_is_required() {
    let config = config(&json!({})).unwrap();
    let same = EmitterConfig::new("https://crm.example/hooks").unwrap();
    assert!(config.settings == same.settings);
    assert_eq!(config.url_text, same.url_text);
    assert!(config.tenant.is_none() && config.secret.is_none());
    let error = serde_json::from_str::<EmitterConfig>("{}").unwrap_err();
    assert!(error.to_string().contains("`url`"), "{error}");
}

#[test]
fn everything_can_be_said() {
    let config = config(&json!({
        "tenant": "acme", "description": "CRM", "metadata": { "team": "billing" },
        "header_identifier": "Acme", "headers": { "x-team": "hush" }, "signing": ["emitter"],
        "secret": "hush", "timeout_ms": 5000, "ordering": "relaxed", "lanes": 4,
        "rate_limit_per_second": null, "disable_after_ms": null,
        "retry": { "policy": "schedule", "delays_ms": [0, 5000], "jitter": "full", "max_age_ms": 9, "give_up_on": [422, 404] },
    }))
    .unwrap();
    let retry = RetryPolicy::schedule([Duration::ZERO, Duration::from_secs(5)])
        .jitter(Jitter::Full)
        .max_age(Duration::from_millis(9))
        .give_up_on([404, 422]);
    let same = EmitterConfig::new("https://crm.example/hooks")
        .unwrap()
        .description("CRM")
        .metadata("team", "billing")
        .header_identifier("Acme")
        .header("x-team", "hush")
        .unwrap()
        .signing(Schemes::new([Scheme::Emitter]).unwrap())
        .timeout(Duration::from_secs(5))
        .retry(retry)
        .ordering(Ordering::Relaxed)
        .lanes(4)
        .disable_after(None);
    assert!(config.settings == same.settings, "{config:?}");
    assert_eq!(config.tenant.unwrap(), "acme");
    assert_eq!(config.secret.unwrap().expose(), "hush");
    assert!(
        config
            .settings
            .headers
            .values()
            .all(HeaderValue::is_sensitive)
    );
}

#[test]
fn errors_say_what_is_wrong_and_what_would_be_right() {
    for (extra, words) in [
        (json!({ "lane": 2 }), ["`lane`", "`lanes`"]),
        (json!({ "lanes": 0 }), ["`lanes`", "1–1024"]),
        (json!({ "timeout_ms": 0 }), ["`timeout_ms`", "1–600000"]),
        (json!({ "timeout_ms": 1.5 }), ["1.5", "u64"]),
        (json!({ "events": ["a"] }), ["`events`", "attach"]),
        (json!({ "id": "crm" }), ["`id`", "attach"]),
        (json!({ "url": "ftp://crm.example" }), ["ftp", "https"]),
        (json!({ "signing": [] }), ["`signing`", "`standard`"]),
        (json!({ "signing": ["later"] }), ["later", "`standard`"]),
        (
            json!({ "ordering": "loose" }),
            ["`ordering`", "\"relaxed\""],
        ),
        (json!({ "secret": "plain" }), ["`secret`", "`whsec_`"]),
        (
            json!({ "headers": { "host": "a" } }),
            ["`host`", "cannot be set"],
        ),
        (
            json!({ "headers": { "x-a": "1", "X-A": "2" } }),
            ["`x-a`", "one spelling"],
        ),
        (
            json!({ "headers": { "x-a": HIDDEN } }),
            ["`x-a`", "expected its value"],
        ),
        (
            json!({ "rate_limit_per_second": 1 }),
            ["`rate_limit_per_second`", "null"],
        ),
        (json!({ "retry": 5 }), ["5", "a retry policy"]),
        (
            json!({ "retry": { "delay_ms": [1] } }),
            ["`delay_ms`", "`delays_ms`"],
        ),
        (
            json!({ "retry": { "policy": "linear" } }),
            ["`linear`", "`schedule`"],
        ),
        (
            json!({ "retry": { "delays_ms": [1] } }),
            ["mixes", "`delays_ms`"],
        ),
        (
            json!({ "retry": { "jitter": "some" } }),
            ["`jitter`", "\"full\""],
        ),
        (
            json!({ "retry": { "jitter": [1] } }),
            ["`jitter`", "\"full\""],
        ),
        (json!({ "retry": { "jitter": 2 } }), ["`jitter`", "0.0–1.0"]),
    ] {
        let error = config(&extra).unwrap_err();
        for word in words {
            assert!(error.contains(word), "{extra}: {error}");
        }
    }
}

#[test]
fn errors_show_neither_secrets_nor_header_values() {
    for extra in [
        json!({ "secret": 31337 }),
        json!({ "secret": ["31337"] }),
        json!({ "secret": "31337\u{0}" }),
        json!({ "headers": "31337" }),
        json!({ "headers": 31337 }),
        json!({ "headers": { "x-a": 31337 } }),
        json!({ "headers": { "x-a": "31337\n" } }),
        json!({ "headers": { "x-a": "31337" }, "secret": "31337", "lanes": "x" }),
    ] {
        let error = config(&extra).unwrap_err();
        assert!(!error.contains("31337"), "{error}");
    }
}

#[test]
fn a_configuration_may_lie_flat_among_other_fields() {
    #[derive(Deserialize)]
    struct Entry {
        id: String,
        events: Vec<EventPattern>,
        #[serde(flatten)]
        config: EmitterConfig,
    }
    let text = r#"{"id":"crm","events":["order.*"],"url":"https://crm.example/","lanes":2}"#;
    let entry: Entry = serde_json::from_str(text).unwrap();
    assert_eq!((entry.id.as_str(), entry.config.settings.lanes), ("crm", 2));
    assert_eq!(entry.events[0], "order.*");
}

#[test]
fn words_and_lists_are_those_of_the_api() {
    let words = json!([
        Ordering::Strict,
        Ordering::Relaxed,
        Backlog::Keep,
        Backlog::Discard,
        DisabledReason::Gone,
        DisabledReason::Failing,
        Scheme::Standard,
        Scheme::Emitter,
        Schemes::default(),
        Jitter::Full,
        Jitter::None,
        Jitter::Fraction(0.2),
    ]);
    let text = r#"["strict","relaxed","keep","discard","gone","failing","standard","emitter",["standard","emitter"],"full","none",0.2]"#;
    assert_eq!(words.to_string(), text);
    type All = (
        (Ordering, Ordering, Backlog, Backlog),
        (DisabledReason, DisabledReason),
    );
    let back: All =
        serde_json::from_str(r#"[["strict","relaxed","keep","discard"],["gone","failing"]]"#)
            .unwrap();
    let all = (
        (
            Ordering::Strict,
            Ordering::Relaxed,
            Backlog::Keep,
            Backlog::Discard,
        ),
        (DisabledReason::Gone, DisabledReason::Failing),
    );
    assert_eq!(back, all);
    assert_eq!(
        serde_json::from_value::<Schemes>(json!(["emitter", "emitter"])).unwrap(),
        Schemes::new([Scheme::Emitter]).unwrap()
    );
    for (json, word) in [
        (json!("Keep"), "\"keep\" or \"discard\""),
        (json!(1), "string"),
    ] {
        let error = serde_json::from_value::<Backlog>(json).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
    }
}

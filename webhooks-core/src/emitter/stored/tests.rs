use std::{collections::BTreeMap, time::Duration};

use proptest::{collection, option, prelude::*};

use super::*;
use crate::{
    emitter::{Backlog, DisabledReason, Ordering},
    retry::{Jitter, RetryPolicy, any_policy},
    sign::{Scheme, Schemes},
};

fn any_schemes() -> impl Strategy<Value = Schemes> {
    prop_oneof![
        Just(vec![Scheme::Standard]),
        Just(vec![Scheme::Emitter]),
        Just(vec![Scheme::Emitter, Scheme::Standard]),
    ]
    .prop_map(|schemes| Schemes::new(schemes).unwrap())
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let value = collection::vec(
        prop_oneof![Just(b'\t'), Just(b':'), 0x20u8..0x7f, 0x80u8..],
        0..40,
    );
    collection::vec(("q-[a-z0-9_.!-]{1,12}", value), 0..10).prop_map(|headers| {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value).unwrap())
        });
        let mut map = HeaderMap::new();
        headers.for_each(|(name, value)| {
            map.append(name, value);
        });
        map
    })
}

/// Any valid settings.
fn any_settings() -> impl Strategy<Value = Settings> {
    let texts = (
        option::of(".{0,64}"),
        collection::btree_map(".{1,16}", ".{0,32}", 0..6),
        "[A-Za-z0-9-]{1,64}",
    );
    let numbers = (
        1u64..=600_000,
        1u32..=1_024,
        option::of(1u64..=31_536_000_000),
    );
    let ordering = prop_oneof![Just(Ordering::Strict), Just(Ordering::Relaxed)];
    (
        texts,
        any_headers(),
        any_schemes(),
        any_policy(),
        ordering,
        numbers,
    )
        .prop_map(
            |(texts, headers, signing, retry, ordering, (timeout, lanes, disable_after))| {
                Settings {
                    description: texts.0,
                    metadata: texts.1,
                    header_identifier: texts.2,
                    headers,
                    signing,
                    timeout: Duration::from_millis(timeout),
                    retry,
                    ordering,
                    lanes,
                    disable_after: disable_after.map(Duration::from_millis),
                }
            },
        )
}

#[test]
fn what_is_stored_is_this_json() {
    let mut settings = Settings::default();
    settings.insert_header("x-team", "hush").unwrap();
    settings.metadata = BTreeMap::from([("b".into(), "2".into()), ("a".into(), "1".into())]);
    assert_eq!(
        settings.to_stored(),
        concat!(
            r#"{"description":null,"metadata":{"a":"1","b":"2"},"header_identifier":"Webhooks","#,
            r#""signing":["standard","emitter"],"timeout_ms":15000,"#,
            r#""retry":{"policy":"exponential","max_attempts":15,"max_age_ms":null,"initial_ms":1000,"#,
            r#""max_ms":60000,"factor":2.0,"jitter":0.2,"give_up_on":[]},"#,
            r#""ordering":"strict","lanes":1,"disable_after_ms":432000000}"#,
        )
    );
    settings.disable_after = None;
    settings.retry = RetryPolicy::schedule([Duration::ZERO]).jitter(Jitter::Full);
    let stored = settings.to_stored();
    assert!(stored.contains(
        r#""retry":{"policy":"schedule","max_age_ms":null,"delays_ms":[0],"jitter":"full","give_up_on":[]}"#
    ));
    assert!(stored.contains(r#""disable_after_ms":null"#));
}

#[test]
fn absent_fields_take_defaults_and_unknown_ones_are_ignored() {
    let read = |text| Settings::from_stored(text, HeaderMap::new()).unwrap();
    assert!(read("{}") == Settings::default());
    let newer = r#"{"new":[1],"retry":{"new":{},"max_attempts":3},"lanes":2}"#;
    let mut expected = Settings::default();
    expected.retry = expected.retry.max_attempts(3);
    expected.lanes = 2;
    assert!(read(newer) == expected);
    assert_eq!(read(r#"{"disable_after_ms":null}"#).disable_after, None);
}

#[test]
fn garbage_is_an_error_of_the_store() {
    for text in [
        "",
        "null",
        "[]",
        "7",
        "{",
        "{}x",
        r#"{"lanes":0}"#,
        r#"{"lanes":-1}"#,
        r#"{"lanes":1,"lanes":1}"#,
        r#"{"timeout_ms":18446744073709551615}"#,
        r#"{"timeout_ms":1.5}"#,
        r#"{"signing":[]}"#,
        r#"{"signing":["later"]}"#,
        r#"{"ordering":"loose"}"#,
        r#"{"header_identifier":"a b"}"#,
        r#"{"metadata":{"a":1}}"#,
        r#"{"retry":{"factor":1e300}}"#,
        r#"{"retry":{"factor":1e999}}"#,
        r#"{"retry":{"jitter":true}}"#,
        r#"{"retry":{"policy":"schedule"}}"#,
        r#"{"retry":{"policy":"schedule","delays_ms":[18446744073709551615]}}"#,
        r#"{"retry":{"give_up_on":[70000]}}"#,
    ] {
        let error = Settings::from_stored(text, HeaderMap::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{text}");
        assert!(error.to_string().contains("stored settings"), "{error}");
    }
}

#[test]
fn headers_are_lines_by_name_and_sensitive_again() {
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-b", "2:3 "), ("x-a", ""), ("x-b", "1")] {
        headers.append(name, HeaderValue::from_static(value));
    }
    let stored = headers_to_stored(&headers);
    assert_eq!(*stored, b"x-a:\nx-b:2:3 \nx-b:1\n");
    assert_eq!(stored.capacity(), stored.len(), "nothing was copied");
    let back = headers_from_stored(&stored).unwrap();
    assert_eq!(back, headers);
    assert!(back.values().all(HeaderValue::is_sensitive));
    assert!(headers_from_stored(b"").unwrap().is_empty());
}

#[test]
fn garbage_instead_of_headers_is_an_error_that_shows_none() {
    for bytes in [
        &b"hush"[..],
        b"hush\n",
        b":hush\n",
        b"x-a:hush",
        b"x-a:hush\n\n",
        b"x-a:hush\0\n",
        b"x-a:hush\r\n",
        b"x a:hush\n",
        b"\xff:hush\n",
    ] {
        let error = headers_from_stored(bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store);
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}

#[test]
fn states_are_two_words_and_come_back() {
    for (state, words) in [
        (EmitterState::Active, ("active", None)),
        (
            EmitterState::Paused(Backlog::Keep),
            ("paused", Some("keep")),
        ),
        (
            EmitterState::Paused(Backlog::Discard),
            ("paused", Some("discard")),
        ),
        (
            EmitterState::Disabled(DisabledReason::Gone),
            ("disabled", Some("gone")),
        ),
        (
            EmitterState::Disabled(DisabledReason::Failing),
            ("disabled", Some("failing")),
        ),
    ] {
        assert_eq!(state.to_stored(), words);
        assert_eq!(EmitterState::from_stored(words.0, words.1).unwrap(), state);
    }
    for (state, detail) in [
        ("", None),
        ("Active", None),
        ("active", Some("keep")),
        ("paused", None),
        ("paused", Some("gone")),
        ("disabled", None),
        ("disabled", Some("keep")),
    ] {
        let error = EmitterState::from_stored(state, detail).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{state} {detail:?}");
    }
}

proptest! {
    // Each is many values, and takes a while to draw.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn settings_come_back_as_they_were(settings in any_settings()) {
        // Some header identifiers make a name reserved.
        prop_assume!(settings.validate().is_ok());
        let headers = headers_from_stored(&headers_to_stored(&settings.headers)).unwrap();
        let stored = settings.to_stored();
        let back = Settings::from_stored(&stored, headers).unwrap();
        prop_assert!(back == settings, "{:?} became {:?}", settings, back);
        prop_assert_eq!(back.to_stored(), stored);
    }

    #[test]
    fn any_bytes_are_read_or_refused(text: String, bytes: Vec<u8>) {
        let _ = Settings::from_stored(&text, HeaderMap::new());
        let _ = headers_from_stored(&bytes);
    }
}

//! Values that break the rules, or go to extremes.

use std::fmt;

use serde::ser::{Error as _, SerializeMap, SerializeSeq, SerializeStruct};

use super::*;
use crate::ErrorKind;

fn refused<T: Serialize + ?Sized>(value: &T) -> ErrorKind {
    to_object(value).unwrap_err().kind()
}

struct Deep(usize);

impl Serialize for Deep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.0 > 1 {
            map.serialize_entry("d", &Deep(self.0 - 1))?;
        }
        map.end()
    }
}

#[test]
fn nesting_ends_at_128() {
    assert!(check_object(&to_object(&Deep(128)).unwrap()).is_ok());
    assert_eq!(
        to_object(&Deep(129)).unwrap_err().kind(),
        ErrorKind::PayloadTooDeep
    );
    assert_eq!(
        to_object(&Deep(100_000)).unwrap_err().kind(),
        ErrorKind::PayloadTooDeep
    );
    let text = |depth: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
        .into_bytes()
    };
    assert!(check_object(&text(128)).is_ok());
    assert_eq!(
        check_object(&text(129)).unwrap_err().kind(),
        ErrorKind::PayloadTooDeep
    );
    assert_eq!(
        check_object(&text(1_000_000)).unwrap_err().kind(),
        ErrorKind::PayloadTooDeep
    );
}

/// Breaks the rules of serde.
struct Rude(bool);

impl Serialize for Rude {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.0 {
            map.serialize_value(&1)?;
        } else {
            map.serialize_key(&1)?;
        }
        map.end()
    }
}

#[test]
fn values_that_break_the_rules_are_errors() {
    for rude in [Rude(true), Rude(false)] {
        assert_eq!(
            to_object(&rude).unwrap_err().kind(),
            ErrorKind::InvalidPayload
        );
    }
}

/// An array whose items fail, which it does not mind.
struct Careless;

impl Serialize for Careless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(None)?;
        let _ = items.serialize_element(&Failing);
        let _ = items.serialize_element(&Deep(200));
        let _ = items.serialize_element(&1);
        items.end()
    }
}

struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut items = serializer.serialize_seq(None)?;
        items.serialize_element(&1)?;
        Err(S::Error::custom("no second one"))
    }
}

#[test]
fn a_fault_that_is_ignored_is_an_error_all_the_same() {
    let error = to_object(&Payload { v: Careless }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidPayload);
    let cause = std::error::Error::source(&error).unwrap();
    assert_eq!(cause.to_string(), "no second one", "the first of them");
}

/// Says that it cannot be displayed.
struct Mute;

impl fmt::Display for Mute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("half a \"text")?;
        Err(fmt::Error)
    }
}

impl Serialize for Mute {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

struct Excuse;

impl Serialize for Excuse {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(Mute))
    }
}

#[test]
fn a_display_that_fails_is_an_error() {
    assert_eq!(refused(&Payload { v: Mute }), ErrorKind::InvalidPayload);
    assert_eq!(refused(&Map(vec![(Mute, 1)])), ErrorKind::InvalidPayload);
    assert_eq!(refused(&Excuse), ErrorKind::InvalidPayload);
}

#[test]
fn displayed_text_is_escaped() {
    struct Lines;
    impl Serialize for Lines {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(&format_args!("{}\n{:?}", 1, "\u{1}"))
        }
    }
    assert_eq!(json(&Lines), serde_json::to_string(&Lines).unwrap());
}

/// As many `Some` or newtypes around each other.
struct Wrapped(usize, bool);

impl Serialize for Wrapped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let inner = Wrapped(self.0.saturating_sub(1), self.1);
        match self {
            Self(0, _) => serializer.serialize_unit(),
            Self(_, true) => serializer.serialize_some(&inner),
            Self(_, false) => serializer.serialize_newtype_struct("Wrapped", &inner),
        }
    }
}

#[test]
fn what_leaves_no_trace_in_the_text_has_a_depth_too() {
    for some in [true, false] {
        assert_eq!(json(&Wrapped(512, some)), "null");
        let deep = Payload {
            v: Wrapped(200_000, some),
        };
        assert_eq!(refused(&deep), ErrorKind::PayloadTooDeep);
    }
    let many = vec![Wrapped(100, true), Wrapped(500, false)];
    assert_eq!(json(&many), "[null,null]", "only what is open counts");
}

/// A map that is the key of a map that is the key of a map, so often.
struct KeyOfKey(usize);

impl Serialize for KeyOfKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.0 > 0 {
            map.serialize_entry(&KeyOfKey(self.0 - 1), &1)?;
        }
        map.end()
    }
}

#[test]
fn keys_of_keys_end_before_they_fill_the_memory() {
    assert!(to_object(&KeyOfKey(10)).is_ok());
    assert_eq!(refused(&KeyOfKey(60)), ErrorKind::PayloadTooLarge);
}

/// A struct that is named like one of serde_json's own.
struct Imitation(&'static str, &'static [(&'static str, &'static str)]);

impl Serialize for Imitation {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct(self.0, self.1.len())?;
        for (key, value) in self.1 {
            fields.serialize_field(key, value)?;
        }
        fields.end()
    }
}

#[test]
fn imitated_raw_values_must_be_one_whole_value() {
    const RAW: &str = "$serde_json::private::RawValue";
    const NUMBER: &str = "$serde_json::private::Number";
    let of = |name, fields| Payload {
        v: Imitation(name, fields),
    };
    assert!(to_object(&of(RAW, &[(RAW, "[1]")])).is_ok());
    assert!(to_object(&of(NUMBER, &[(NUMBER, "-1e400")])).is_ok());
    for wrong in [
        of(RAW, &[]),
        of(RAW, &[(RAW, "1"), (RAW, "2")]),
        of(RAW, &[("other", "1")]),
        of(RAW, &[(RAW, "1,2")]),
        of(NUMBER, &[]),
        of(NUMBER, &[(NUMBER, "[1]")]),
        of(NUMBER, &[(NUMBER, "1 2")]),
    ] {
        assert_eq!(
            refused(&wrong),
            ErrorKind::InvalidPayload,
            "{:?}",
            wrong.v.1
        );
    }
}

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{check_object, to_object};
use crate::ErrorKind;

fn json<T: Serialize>(value: &T) -> String {
    let bytes = to_object(&Payload { v: value }).unwrap();
    check_object(&bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.strip_prefix(r#"{"v":"#)
        .unwrap()
        .strip_suffix('}')
        .unwrap()
        .to_owned()
}

#[derive(Serialize)]
struct Payload<T> {
    v: T,
}

/// A map of these entries, in this order.
struct Map<K, V>(Vec<(K, V)>);

impl<K: Serialize, V: Serialize> Serialize for Map<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

/// A map of one key.
fn keyed<K: Serialize>(key: K) -> String {
    let text = json(&Map(vec![(key, 1)]));
    text.strip_prefix('{')
        .unwrap()
        .strip_suffix(":1}")
        .unwrap()
        .to_owned()
}

struct Bytes(&'static [u8]);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

#[derive(Serialize)]
struct Pair(u8, &'static str);

#[derive(Serialize)]
struct Point {
    a: u8,
    b: [u8; 2],
}

#[derive(Serialize)]
enum Shape {
    Unit,
    Newtype(u8),
    Tuple(u8, u8),
    Struct { a: u8 },
}

#[test]
fn tuples_are_arrays() {
    assert_eq!(json(&(1, "a", 'c')), r#"[1,"a","c"]"#);
    assert_eq!(json(&Pair(1, "x")), r#"[1,"x"]"#);
}

#[test]
fn tuples_and_sequences_are_keys_in_brackets() {
    assert_eq!(keyed((1, 2)), r#""[1, 2]""#);
    assert_eq!(keyed(("a",)), r#""[\"a\"]""#);
    assert_eq!(keyed(vec![vec![1], vec![]]), r#""[[1], []]""#);
}

#[test]
fn maps_and_structs_are_keys_by_their_text() {
    assert_eq!(keyed(Map(vec![("a", 1)])), r#""{\"a\": 1}""#);
    assert_eq!(
        keyed(Point { a: 1, b: [2, 3] }),
        r#""{\"a\": 1, \"b\": [2, 3]}""#
    );
    assert_eq!(
        keyed(Shape::Struct { a: 1 }),
        r#""{\"Struct\": {\"a\": 1}}""#
    );
}

#[test]
fn scalars_are_keys_by_their_text() {
    assert_eq!(keyed(7), r#""7""#);
    assert_eq!(keyed(-1.5), r#""-1.5""#);
    assert_eq!(keyed(true), r#""true""#);
    assert_eq!(keyed('"'), r#""\"""#);
    assert_eq!(keyed(Shape::Unit), r#""Unit""#);
    assert_eq!(keyed(f64::NAN), r#""NaN""#);
    assert_eq!(keyed(None::<u8>), r#""null""#);
    assert_eq!(keyed(()), r#""null""#);
    assert_eq!(keyed(Some("x")), r#""x""#);
    assert_eq!(keyed(Bytes(b"ok")), r#""ok""#);
}

#[test]
fn of_two_keys_that_become_the_same_the_last_wins() {
    let map = |keys: &[&str]| {
        let entries = keys
            .iter()
            .enumerate()
            .map(|(at, key)| (key.to_string(), at));
        json(&Map(entries.collect()))
    };
    assert_eq!(map(&["a", "a"]), r#"{"a":1}"#);
    assert_eq!(map(&["a", "b", "a", "c", "b"]), r#"{"a":2,"c":3,"b":4}"#);
    assert_eq!(
        json(&Map(vec![(Some(1), "number"), (Some(1), "again")])),
        r#"{"1":"again"}"#
    );
    let nested = Map(vec![
        ("k", Map(vec![("x", 1), ("x", 2)])),
        ("k", Map(vec![("y", 3)])),
    ]);
    assert_eq!(json(&nested), r#"{"k":{"y":3}}"#);
}

#[test]
fn bytes_are_text_or_decimal() {
    assert_eq!(json(&Bytes(b"text")), r#""text""#);
    assert_eq!(json(&Bytes(&[97, 98, 195])), r#""<<97, 98, 195>>""#);
}

#[test]
fn numbers_that_json_lacks_are_strings() {
    assert_eq!(
        json(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
        r#"["NaN","Infinity","-Infinity"]"#
    );
    assert_eq!(json(&f32::NAN), r#""NaN""#);
}

#[test]
fn big_numbers_keep_all_digits() {
    assert_eq!(json(&u128::MAX), u128::MAX.to_string());
    assert_eq!(json(&i128::MIN), i128::MIN.to_string());
    assert_eq!(json(&u64::MAX), u64::MAX.to_string());
}

#[test]
fn enums_are_as_in_serde_json() {
    let shapes = [
        Shape::Unit,
        Shape::Newtype(1),
        Shape::Tuple(1, 2),
        Shape::Struct { a: 3 },
    ];
    assert_eq!(json(&shapes), serde_json::to_string(&shapes).unwrap());
    assert!(
        to_object(&Shape::Tuple(1, 2)).is_ok(),
        "a variant with data is an object"
    );
}

#[test]
fn raw_values_are_taken_once_checked() {
    let raw: Box<serde_json::value::RawValue> =
        serde_json::from_str(r#"{"z":1, "a": 1e400}"#).unwrap();
    assert_eq!(json(&raw), r#"{"z":1, "a": 1e400}"#);
}

#[test]
fn what_is_not_an_object_is_refused_by_name() {
    let refused = |error: Result<Vec<u8>, crate::Error>, what: &str| {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload);
        assert!(error.to_string().contains(what), "{error}");
    };
    refused(to_object(&[1]), "an array");
    refused(to_object("text"), "a string");
    refused(to_object(&1), "a number");
    refused(to_object(&true), "a boolean");
    refused(to_object(&None::<u8>), "null");
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

#[test]
fn text_is_checked_with_its_position() {
    for right in [
        r#"{}"#,
        " {\"a\": [1, -0.5e+10, true, null, \"\\ud800\"]} \n",
    ] {
        check_object(right.as_bytes()).unwrap();
    }
    for (wrong, at) in [
        ("", 0),
        ("{", 1),
        ("{,}", 1),
        (r#"{"a"}"#, 4),
        (r#"{"a":01}"#, 6),
        (r#"{"a":1,}"#, 7),
        (r#"{"a":1}x"#, 7),
        (r#"{"a":[1,]}"#, 8),
        (r#"{"a":[1}"#, 7),
        ("{\"a\":\"\n\"}", 6),
        (r#"{"a":"\x"}"#, 7),
        (r#"{"a":nul}"#, 5),
        (r#"{"a":+1}"#, 5),
        ("{'a':1}", 1),
    ] {
        let error = check_object(wrong.as_bytes()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidPayload, "{wrong}");
        assert!(
            error.to_string().contains(&format!("at byte {at}")),
            "{wrong}: {error}"
        );
    }
    assert!(
        check_object(b"{\"a\":\"\xff\"}")
            .unwrap_err()
            .to_string()
            .contains("UTF-8")
    );
    assert!(
        check_object(b"[1]")
            .unwrap_err()
            .to_string()
            .contains("not an object")
    );
}

/// Anything that serde can be given.
#[derive(Debug, Clone)]
enum Node {
    Unit,
    Bool(bool),
    Int(i64),
    Big(u128),
    Float(f64),
    Small(f32),
    Text(String),
    Char(char),
    Bytes(Vec<u8>),
    Some(Box<Node>),
    Seq(Vec<Node>),
    Map(Vec<(Node, Node)>),
    Variant(Box<Node>),
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unit => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Big(value) => serializer.serialize_u128(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Small(value) => serializer.serialize_f32(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Char(value) => serializer.serialize_char(*value),
            Self::Bytes(value) => serializer.serialize_bytes(value),
            Self::Some(value) => serializer.serialize_some(value),
            Self::Seq(values) => serializer.collect_seq(values),
            Self::Map(entries) => serializer.collect_map(entries.iter().map(|(k, v)| (k, v))),
            Self::Variant(value) => serializer.serialize_newtype_variant("E", 0, "V", value),
        }
    }
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Unit),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(Node::Int),
        any::<u128>().prop_map(Node::Big),
        any::<f64>().prop_map(Node::Float),
        any::<f32>().prop_map(Node::Small),
        any::<String>().prop_map(Node::Text),
        any::<char>().prop_map(Node::Char),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Node::Bytes),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        prop_oneof![
            inner.clone().prop_map(|node| Node::Some(Box::new(node))),
            inner.clone().prop_map(|node| Node::Variant(Box::new(node))),
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Node::Seq),
            proptest::collection::vec((inner.clone(), inner), 0..6).prop_map(Node::Map),
        ]
    })
}

/// Values that serde_json takes too, and gives the same meaning.
fn plain() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(Node::Unit),
        any::<bool>().prop_map(Node::Bool),
        any::<i64>().prop_map(Node::Int),
        any::<u128>().prop_map(Node::Big),
        (-1e300..1e300).prop_map(Node::Float),
        any::<f64>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Node::Float),
        any::<f32>()
            .prop_filter("finite", |value| value.is_finite())
            .prop_map(Node::Small),
        any::<String>().prop_map(Node::Text),
        any::<char>().prop_map(Node::Char),
    ];
    leaf.prop_recursive(5, 48, 6, |inner| {
        let map = proptest::collection::btree_map(any::<String>(), inner.clone(), 0..6);
        prop_oneof![
            inner.clone().prop_map(|node| Node::Some(Box::new(node))),
            inner.clone().prop_map(|node| Node::Variant(Box::new(node))),
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Node::Seq),
            map.prop_map(|map| {
                Node::Map(
                    map.into_iter()
                        .map(|(key, value)| (Node::Text(key), value))
                        .collect(),
                )
            }),
            proptest::collection::btree_map(any::<i64>(), inner, 0..6).prop_map(|map| {
                Node::Map(
                    map.into_iter()
                        .map(|(key, value)| (Node::Int(key), value))
                        .collect(),
                )
            }),
        ]
    })
}

proptest! {
    #[test]
    fn everything_encodes_to_json(node in node()) {
        let bytes = to_object(&Payload { v: &node }).unwrap();
        prop_assert!(check_object(&bytes).is_ok());
        let parsed: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        prop_assert!(parsed.is_object());
    }

    #[test]
    fn what_serde_json_can_do_is_the_same_byte_for_byte(node in plain()) {
        let payload = Payload { v: &node };
        prop_assert_eq!(to_object(&payload).unwrap(), serde_json::to_vec(&payload).unwrap());
    }

    #[test]
    fn the_check_agrees_with_serde_json(
        map in any::<BTreeMap<String, Vec<f32>>>(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut text = serde_json::to_vec(&map).unwrap();
        let at = at.index(text.len());
        text[at] = byte;
        let known = serde_json::from_slice::<&serde_json::value::RawValue>(&text).is_ok();
        let object = text.trim_ascii_start().first() == Some(&b'{');
        prop_assert_eq!(check_object(&text).is_ok(), known && object);
    }
}

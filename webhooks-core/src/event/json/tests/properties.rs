//! What holds of all values.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

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
    fn of_equal_keys_the_last_wins(
        keys in proptest::collection::vec((any::<bool>(), 0..24_u8), 0..60),
    ) {
        // Short and long: the keys of a sample differ, those of few bytes hardly.
        let key = |(long, of): (bool, u8)| if long { format!("a long key {of}") } else { of.to_string() };
        let keys: Vec<_> = keys.into_iter().map(key).collect();
        let written = to_object(&Map(keys.iter().zip(0_usize..).collect())).unwrap();
        let mut last: Vec<_> = keys.iter().enumerate()
            .filter(|(at, key)| !keys[at + 1..].contains(key))
            .map(|(at, key)| format!("{key:?}:{at}"))
            .collect();
        last.sort_by_key(|entry| entry.rsplit(':').next().and_then(|at| at.parse::<usize>().ok()));
        prop_assert_eq!(String::from_utf8(written).unwrap(), format!("{{{}}}", last.join(",")));
    }

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

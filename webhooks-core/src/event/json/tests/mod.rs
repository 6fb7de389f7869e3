use serde::{Serialize, Serializer};

use super::{check_object, to_object};

mod hostile;
mod keys;
mod properties;
mod text;
mod values;

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

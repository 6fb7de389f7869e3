//! What keys become.

use super::*;

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
fn of_many_keys_that_repeat_the_last_wins_too() {
    let keys: Vec<_> = (0..40).map(|at| format!("k{}", at * 7 % 30)).collect();
    let written = json(&Map(keys.iter().zip(0..).collect()));
    let kept: Vec<_> = keys
        .iter()
        .enumerate()
        .filter(|(at, key)| !keys[at + 1..].contains(key))
        .map(|(at, key)| format!("{key:?}:{at}"))
        .collect();
    assert_eq!(written, format!("{{{}}}", kept.join(",")));
}

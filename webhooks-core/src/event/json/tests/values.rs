//! What values become.

use super::*;
use crate::ErrorKind;

#[test]
fn tuples_are_arrays() {
    assert_eq!(json(&(1, "a", 'c')), r#"[1,"a","c"]"#);
    assert_eq!(json(&Pair(1, "x")), r#"[1,"x"]"#);
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

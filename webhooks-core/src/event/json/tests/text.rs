//! The check of text.

use super::*;
use crate::ErrorKind;

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

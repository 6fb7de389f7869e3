use proptest::prelude::*;

use super::*;

fn key(id: u128, secret: &str, created_at: i64, expires_at: Option<i64>) -> SigningKey {
    SigningKey::of_parts(
        KeyId::from_uuid(Uuid::from_u128(id)),
        Secret::new(secret).unwrap(),
        Timestamp::from_micros(created_at),
        expires_at.map(Timestamp::from_micros),
    )
}

fn reads(text: &str) -> Result<Arc<[SigningKey]>, Error> {
    keys_from_stored(text.as_bytes())
}

#[test]
fn what_is_stored_is_this_json() {
    let keys = [key(7, "a\"b", 1, None), key(8, "whsec_+/=", -2, Some(3))];
    let stored = keys_to_stored(&keys);
    assert_eq!(
        std::str::from_utf8(&stored).unwrap(),
        concat!(
            r#"[{"id":"00000000-0000-0000-0000-000000000007","secret":"a\"b","created_at":1,"expires_at":null},"#,
            r#"{"id":"00000000-0000-0000-0000-000000000008","secret":"whsec_+/=","created_at":-2,"expires_at":3}]"#,
        )
    );
}

#[test]
fn absent_fields_take_defaults_and_unknown_ones_are_ignored() {
    let id = "00000000-0000-0000-0000-000000000007";
    let keys = reads(&format!(
        r#"[{{"id":"{id}","secret":"s","created_at":1,"kind":"new"}}]"#
    ));
    assert_eq!(*keys.unwrap(), [key(7, "s", 1, None)]);
}

#[test]
fn garbage_is_an_error_of_the_store_that_shows_no_secret() {
    let id = "00000000-0000-0000-0000-000000000007";
    for text in [
        "",
        "hush",
        "[]",
        "{}",
        "[\"hush\"]",
        r#"{"secret":"hush"}"#,
        r#"[{"secret":"hush"}]"#,
        r#"[{"id":"hush","secret":"hush","created_at":1}]"#,
        &format!(r#"[{{"id":"{id}","secret":"hush","created_at":"hush"}}]"#),
        &format!(r#"[{{"id":"{id}","secret":"hush\u0000","created_at":1}}]"#),
        &format!(r#"[{{"id":"{id}","secret":"hush","created_at":1e40}}]"#),
        &format!(r#"[{{"id":"{id}","secret":"hush","created_at":1}}"#),
    ] {
        let error = reads(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Store, "{text}");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
        assert!(error.to_string().contains("signing keys"), "{error}");
    }
}

proptest! {
    #[test]
    fn keys_come_back_as_they_were(
        parts in proptest::collection::vec(
            (any::<u128>(), "\\PC{1,64}", any::<i64>(), any::<Option<i64>>()), 1..6,
        ),
    ) {
        let keys: Vec<SigningKey> = parts
            .iter()
            .map(|(id, secret, created_at, expires_at)| key(*id, secret, *created_at, *expires_at))
            .collect();
        let stored = keys_to_stored(&keys);
        prop_assert_eq!(&*keys_from_stored(&stored).unwrap(), &*keys);
    }

    #[test]
    fn storing_leaves_no_copy_behind(secret in "[\"\\\\a]{1,256}", count in 1usize..8) {
        let keys = vec![key(1, &secret, i64::MIN, Some(i64::MIN)); count];
        let room = 2 + count * (256 + 2 * secret.len());
        prop_assert!(keys_to_stored(&keys).len() <= room, "it grew, and that copies");
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in any::<Vec<u8>>()) {
        let _ = keys_from_stored(&bytes);
    }
}

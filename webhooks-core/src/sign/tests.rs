use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;

use super::*;
use crate::env::{Env, Timestamp};

const STANDARD_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn signed(schemes: Schemes, secrets: &[&str], id: &str, timestamp: i64, body: &[u8]) -> HeaderMap {
    let env = Env::system();
    let keys: Vec<SigningKey> = secrets
        .iter()
        .map(|text| SigningKey::new(Secret::new(*text).unwrap(), &env))
        .collect();
    let keys: Vec<&SigningKey> = keys.iter().collect();
    let mut headers = HeaderMap::new();
    let context = SignContext {
        message_id: id,
        timestamp,
        body,
        keys: &keys,
        header_identifier: "Webhooks",
    };
    sign(schemes, &context, |name, value| {
        headers.insert(name, HeaderValue::from_bytes(value).unwrap());
    })
    .unwrap();
    headers.insert("webhook-id", id.parse().unwrap());
    headers.insert("webhook-timestamp", timestamp.into());
    headers
}

fn only(scheme: Scheme) -> Schemes {
    Schemes::new([scheme]).unwrap()
}

#[test]
fn standard_v1_signs_its_vector() {
    let body = br#"{"test": 2432232314}"#;
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let headers = signed(
        only(Scheme::Standard),
        &[STANDARD_SECRET],
        id,
        1_614_265_330,
        body,
    );
    assert_eq!(
        headers["webhook-signature"],
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    );
    assert!(!headers.contains_key("x-webhooks-signature"));
}

#[test]
fn the_emitter_scheme_signs_its_vectors() {
    for (body, signature) in [
        (
            r#"{"foo":"bar"}"#,
            "tqhlnl1obrmfhhg67bc4bt7b1uvkal6e3aid74cqtfgf7e43e3rg",
        ),
        ("{}", "gn4s4aj00heq21pvsb72m6f83rgujeoda450qvgksu3endavtjrg"),
        (
            r#"{"message":"thank you for all the fish"}"#,
            "jp103qqrbgpgkr3k5g8idppmgjfgidbuo37r2g7r3b2cs223qrtg",
        ),
    ] {
        let headers = signed(
            only(Scheme::Emitter),
            &["supersecret"],
            "msg_1",
            1,
            body.as_bytes(),
        );
        let value = headers["x-webhooks-signature"].to_str().unwrap();
        assert_eq!(value, format!("sha256:{signature}"));
        let secret = Secret::new("supersecret").unwrap();
        assert!(verify_emitter(&secret, value, body.as_bytes()).is_ok());
        assert!(verify_emitter(&secret, value, b"{\"other\":1}").is_err());
    }
}

#[test]
fn the_reference_crate_verifies_what_we_sign() {
    #[allow(
        clippy::disallowed_methods,
        reason = "the reference crate reads the clock itself"
    )]
    let now = Timestamp::from(std::time::SystemTime::now()).as_secs();
    let body = br#"{"a":1}"#;
    let headers = signed(Schemes::default(), &[STANDARD_SECRET], "msg_1", now, body);
    let reference = standardwebhooks::Webhook::new(STANDARD_SECRET).unwrap();
    reference.verify(body, &headers).unwrap();
    assert!(reference.verify(br#"{"a":2}"#, &headers).is_err());
}

#[test]
fn we_verify_what_the_reference_crate_signs() {
    let body = br#"{"a":1}"#;
    let reference = standardwebhooks::Webhook::new(STANDARD_SECRET).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("webhook-id", "msg_1".parse().unwrap());
    headers.insert("webhook-timestamp", "1614265330".parse().unwrap());
    let signature = reference.sign("msg_1", 1_614_265_330, body).unwrap();
    headers.insert("webhook-signature", signature.parse().unwrap());
    let verifier = Verifier::new(Secret::new(STANDARD_SECRET).unwrap()).unwrap();
    let at = |secs: i64| Timestamp::from_micros(secs * 1_000_000);
    assert!(verifier.verify(&headers, body, at(1_614_265_330)).is_ok());
    let late = verifier
        .verify(&headers, body, at(1_614_265_330 + 301))
        .unwrap_err();
    assert_eq!(late.kind(), VerifyErrorKind::TimestampOutOfTolerance);
}

#[test]
fn during_a_rotation_every_key_signs_newest_first() {
    let (new, old) = ("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", STANDARD_SECRET);
    let headers = signed(Schemes::default(), &[new, old], "msg_1", 7, b"{}");
    let value = headers["webhook-signature"].to_str().unwrap();
    let entries: Vec<&str> = value.split(' ').collect();
    let alone = |secret| {
        signed(only(Scheme::Standard), &[secret], "msg_1", 7, b"{}")["webhook-signature"].clone()
    };
    assert_eq!(
        entries,
        [alone(new).to_str().unwrap(), alone(old).to_str().unwrap()]
    );
    let newest = Secret::new(new).unwrap();
    let single = headers["x-webhooks-signature"].to_str().unwrap();
    assert!(verify_emitter(&newest, single, b"{}").is_ok());
    for secret in [new, old] {
        let verifier = Verifier::new(Secret::new(secret).unwrap()).unwrap();
        verifier
            .verify(&headers, b"{}", Timestamp::from_micros(7_000_000))
            .unwrap();
    }
}

#[test]
fn keys_sign_until_they_expire() {
    let at = Timestamp::from_micros;
    let key = SigningKey::new(Secret::new("x").unwrap(), &Env::system()).expires_at(at(10));
    assert!(key.is_active(at(9)));
    assert!(!key.is_active(at(10)));
}

#[test]
fn standard_refuses_other_secrets_and_says_what_would_be_right() {
    for text in [
        "supersecret",
        "whsec_",
        "whsec_c2hvcnQ=",
        "whsec_!!!",
        "whsk_MfKQ9r8GKYqrTwjU",
    ] {
        let secret = Secret::new(text).unwrap();
        let error = Schemes::default().validate(&secret).unwrap_err();
        assert!(error.to_string().contains("whsec_"), "{error}");
        assert!(only(Scheme::Emitter).validate(&secret).is_ok());
    }
    assert!(
        Schemes::default()
            .validate(&Secret::generate(&Env::system()))
            .is_ok()
    );
}

#[test]
fn secrets_do_not_show_themselves() {
    let secret = Secret::new("hush-hush").unwrap();
    let key = SigningKey::new(secret.clone(), &Env::system());
    let verifier = Verifier::new(Secret::new(STANDARD_SECRET).unwrap()).unwrap();
    let shown = format!("{secret:?} {key:?} {verifier:?}");
    assert!(!shown.contains("hush"), "{shown}");
    assert!(!shown.contains("MfKQ"), "{shown}");
    let control = Secret::new("hush\n").unwrap_err();
    assert!(!format!("{control:?}").contains("hush"));
}

#[test]
fn what_is_signed_does_not_show_itself() {
    let context = SignContext {
        message_id: "msg_1",
        timestamp: 7,
        body: b"hush",
        keys: &[],
        header_identifier: "Webhooks",
    };
    let shown = format!("{context:?}");
    assert!(!shown.contains("104") && !shown.contains("hush"), "{shown}");
    assert!(shown.contains("msg_1"), "{shown}");
}

#[test]
fn without_a_key_nothing_goes_out_unsigned() {
    for schemes in [
        Schemes::default(),
        only(Scheme::Standard),
        only(Scheme::Emitter),
    ] {
        let context = SignContext {
            message_id: "msg_1",
            timestamp: 7,
            body: b"{}",
            keys: &[],
            header_identifier: "Webhooks",
        };
        let refused = sign(schemes, &context, |name, _| panic!("{name}"));
        assert_eq!(
            refused.unwrap_err().kind(),
            crate::ErrorKind::InvalidConfig,
            "{schemes:?}"
        );
    }
}

#[test]
fn an_empty_set_and_unknown_schemes_are_refused() {
    assert!(Schemes::new([]).is_err());
    let error = "github".parse::<Scheme>().unwrap_err();
    assert!(error.to_string().contains("`standard`"), "{error}");
}

proptest! {
    #[test]
    fn any_change_breaks_the_signature(
        body in proptest::collection::vec(any::<u8>(), 1..200),
        at in any::<prop::sample::Index>(), bit in 0_u8..8,
    ) {
        let headers = signed(Schemes::default(), &[STANDARD_SECRET], "msg_1", 7, &body);
        let verifier = Verifier::new(Secret::new(STANDARD_SECRET).unwrap()).unwrap();
        let now = Timestamp::from_micros(7_000_000);
        prop_assert!(verifier.verify(&headers, &body, now).is_ok());
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1 << bit;
        prop_assert!(verifier.verify(&headers, &changed, now).is_err());
        let mut other = headers;
        other.insert("webhook-id", "msg_2".parse().unwrap());
        prop_assert!(verifier.verify(&other, &body, now).is_err());
    }
}

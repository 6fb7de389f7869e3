use proptest::prelude::*;

use super::*;

const SECRET: &[u8] = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn sealer() -> Sealer {
    Sealer::new(&SecretsKey::generate(&Env::system()))
}

fn id(text: &str) -> EmitterId {
    EmitterId::new(text).unwrap()
}

fn seal(sealer: &Sealer, plain: &[u8]) -> Vec<u8> {
    sealer.seal(&id("crm"), "secret", plain, &Env::system())
}

fn refusal(sealer: &Sealer, emitter: &str, purpose: &str, sealed: &[u8]) -> String {
    let error = sealer.open(&id(emitter), purpose, sealed).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SecretsKey);
    assert!(!error.is_retryable());
    error.to_string()
}

#[test]
fn what_is_sealed_shows_the_key_id_and_never_twice_the_same() {
    let sealer = sealer();
    let (a, b) = (seal(&sealer, SECRET), seal(&sealer, SECRET));
    assert_eq!(a[0], 1);
    assert_eq!(a[1..9], sealer.key_id().to_bytes());
    assert_eq!(a.len(), 9 + 24 + SECRET.len() + 16);
    assert_ne!(a[9..33], b[9..33]);
    assert_ne!(a[33..], b[33..]);
}

#[test]
fn the_format_stays_readable() {
    let line = "webhooks-secrets-key-v1:WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo=";
    let sealer = Sealer::new(&SecretsKey::from_text(line).unwrap());
    let env = Env::new(crate::env::SystemClock, |bytes: &mut [u8]| bytes.fill(7));
    let sealed = sealer.seal(&id("crm"), "secret", b"hunter2", &env);
    let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = [
        "01d10dfdfec1cc45b8",
        "070707070707070707070707070707070707070707070707",
        "0263bc77a2353f703639429841b44ae081c1b322cac34e",
    ];
    assert_eq!(hex, expected.concat());
}

#[test]
fn another_emitter_or_purpose_does_not_open_it() {
    let sealer = sealer();
    let sealed = seal(&sealer, SECRET);
    for (emitter, purpose) in [
        ("crn", "secret"),
        ("crm", "header"),
        ("crm", ""),
        ("crms", "ecret"),
        ("cr", "msecret"),
    ] {
        let shown = refusal(&sealer, emitter, purpose, &sealed);
        assert!(shown.contains(&format!("`{purpose}` of emitter `{emitter}`")));
        assert!(shown.contains("sealed for something else"));
    }
}

#[test]
fn another_key_is_refused_and_both_are_named() {
    let (ours, theirs) = (sealer(), sealer());
    let shown = refusal(&ours, "crm", "secret", &seal(&theirs, SECRET));
    assert!(shown.contains(&format!("needs the secrets key {}", theirs.key_id())));
    assert!(shown.contains(&format!("in hand is {}", ours.key_id())));
}

#[test]
fn another_key_with_the_id_of_ours_is_refused() {
    let (ours, theirs) = (sealer(), sealer());
    let mut sealed = seal(&theirs, SECRET);
    sealed[1..9].copy_from_slice(&ours.key_id().to_bytes());
    assert!(refusal(&ours, "crm", "secret", &sealed).contains("it was changed"));
}

#[test]
fn whatever_is_cut_off_is_refused() {
    let sealer = sealer();
    let sealed = seal(&sealer, SECRET);
    for len in 0..sealed.len() {
        refusal(&sealer, "crm", "secret", &sealed[..len]);
    }
}

#[test]
fn a_later_format_is_named() {
    let sealer = sealer();
    let mut sealed = seal(&sealer, SECRET);
    sealed[0] = 2;
    assert!(refusal(&sealer, "crm", "secret", &sealed).contains("format 2: expected 1"));
}

#[test]
fn debug_shows_the_key_id_alone() {
    let sealer = sealer();
    assert_eq!(
        format!("{sealer:?}"),
        format!("Sealer({})", sealer.key_id())
    );
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        plain in proptest::collection::vec(any::<u8>(), 0..300),
        emitter in "[A-Za-z0-9_.:-]{1,128}",
        purpose in ".{0,20}",
    ) {
        let (sealer, emitter) = (sealer(), id(&emitter));
        let sealed = sealer.seal(&emitter, &purpose, &plain, &Env::system());
        prop_assert_eq!(&*sealer.open(&emitter, &purpose, &sealed).unwrap(), &plain);
    }

    #[test]
    fn a_change_of_any_byte_is_refused(
        plain in proptest::collection::vec(any::<u8>(), 0..40),
        change in 1..=u8::MAX,
    ) {
        let sealer = sealer();
        let sealed = seal(&sealer, &plain);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= change;
            refusal(&sealer, "crm", "secret", &changed);
        }
        refusal(&sealer, "crm", "secret", &[&sealed[..], &[change]].concat());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(
        mut bytes in proptest::collection::vec(any::<u8>(), 0..120),
        as_ours in any::<bool>(),
    ) {
        let sealer = sealer();
        if as_ours && bytes.len() >= HEAD {
            bytes[..HEAD].copy_from_slice(&sealer.head());
        }
        refusal(&sealer, "crm", "secret", &bytes);
    }
}

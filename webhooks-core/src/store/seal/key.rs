//! The key that secrets are sealed with.

use std::{fmt, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{SecretsKeyId, file};
use crate::{Error, ErrorKind, env::Env, sign::Secret};

const PREFIX: &str = "webhooks-secrets-key-v1:";
const LEN: usize = 32;
/// Base64 is decoded in groups of three bytes.
const DECODED: usize = LEN.next_multiple_of(3);

/// The key that a durable store seals secrets with. Never shown, compared in constant time, wiped
/// when dropped.
///
/// Keep it as safe as the secrets, and apart from copies of the database: without it they cannot be
/// read.
#[derive(Clone)]
pub struct SecretsKey(Zeroizing<[u8; LEN]>);

impl SecretsKey {
    /// A new one: 32 random bytes.
    #[must_use]
    pub fn generate(env: &Env) -> Self {
        let mut key = Self(Zeroizing::new([0; LEN]));
        env.fill(key.0.as_mut_slice());
        key
    }

    /// Reads the key in the file at `path`. A file that group or others may use is read, with a
    /// warning in the log.
    ///
    /// # Errors
    /// [`SecretsKey`](ErrorKind::SecretsKey), with the path and without the content; where the file
    /// cannot be read, its source is the [`io::Error`](std::io::Error).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::parse(&file::read(path)?)
            .ok_or_else(|| malformed(format_args!("the secrets key file `{}`", path.display())))
    }

    /// Makes a new key and the file at `path` that holds it, with mode 0600. The file is there whole
    /// and durable, or not at all; what is at `path` already, a symbolic link too, stays as it is.
    ///
    /// Needs a file system with hard links.
    ///
    /// # Errors
    /// [`SecretsKey`](ErrorKind::SecretsKey), with the path; its source is the
    /// [`io::Error`](std::io::Error), of the kind [`AlreadyExists`](std::io::ErrorKind::AlreadyExists)
    /// if something is at `path`.
    pub fn create_file(path: impl AsRef<Path>, env: &Env) -> Result<Self, Error> {
        let key = Self::generate(env);
        file::create(path.as_ref(), &key.to_text(), env)?;
        Ok(key)
    }

    /// Reads the one line of a key file, with or without its end.
    ///
    /// # Errors
    /// [`SecretsKey`](ErrorKind::SecretsKey), without the text.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        Self::parse(text.as_bytes()).ok_or_else(|| malformed("the text of the secrets key"))
    }

    /// The one line of a key file, without its end. Mind where it goes.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        let mut text = String::with_capacity(PREFIX.len() + DECODED / 3 * 4);
        text.push_str(PREFIX);
        STANDARD.encode_string(self.0.as_slice(), &mut text);
        Secret::new(text).expect("the line is short and printable")
    }

    /// What names it.
    #[must_use]
    pub fn id(&self) -> SecretsKeyId {
        SecretsKeyId::of(&self.0)
    }

    pub(super) fn bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let encoded = text.trim_ascii_end().strip_prefix(PREFIX.as_bytes())?;
        let mut decoded = Zeroizing::new([0; DECODED]);
        let len = STANDARD
            .decode_slice(encoded, decoded.as_mut_slice())
            .ok()?;
        let mut key = Self(Zeroizing::new([0; LEN]));
        key.0.copy_from_slice(decoded[..len].as_array::<LEN>()?);
        Some(key)
    }
}

impl PartialEq for SecretsKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(other.0.as_slice()).into()
    }
}

impl Eq for SecretsKey {}

impl fmt::Debug for SecretsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretsKey({})", self.id())
    }
}

fn malformed(what: impl fmt::Display) -> Error {
    let expected = format!("one line, `{PREFIX}` and base64 of {LEN} bytes");
    Error::new(
        ErrorKind::SecretsKey,
        format!("{what} is malformed: expected {expected}"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_key_reads_back_from_its_text() {
        let key = SecretsKey::generate(&Env::system());
        let line = key.to_text();
        for end in ["", "\n", "\r\n"] {
            let text = format!("{}{end}", line.expose());
            assert_eq!(SecretsKey::from_text(&text).unwrap(), key);
        }
        assert_ne!(key, SecretsKey::generate(&Env::system()));
    }

    #[test]
    fn debug_shows_the_id_alone() {
        let key = SecretsKey::generate(&Env::system());
        assert_eq!(format!("{key:?}"), format!("SecretsKey({})", key.id()));
        assert!(!format!("{:?}", key.to_text()).contains(&key.to_text().expose()[PREFIX.len()..]));
    }

    #[test]
    fn malformed_texts_are_refused_and_not_shown() {
        let encoded = STANDARD.encode([0x5a; LEN]);
        let texts = [
            String::new(),
            "\n".into(),
            PREFIX.into(),
            encoded.clone(),
            format!("webhooks-secrets-key-v2:{encoded}"),
            format!(" {PREFIX}{encoded}"),
            format!("{PREFIX} {encoded}"),
            format!("{PREFIX}{}", &encoded[..43]),
            format!("{PREFIX}{encoded}\n{PREFIX}{encoded}"),
            format!("{PREFIX}{}", STANDARD.encode([0x5a; LEN - 1])),
            format!("{PREFIX}{}", STANDARD.encode([0x5a; LEN + 1])),
            format!("{PREFIX}{}", STANDARD.encode([0x5a; 1_000])),
        ];
        for text in texts {
            let error = SecretsKey::from_text(&text).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::SecretsKey, "{text}");
            assert!(!error.is_retryable());
            let shown = format!("{error} {error:?}");
            assert!(shown.contains("expected one line"), "{shown}");
            assert!(!shown.contains("Wlpa"), "{shown}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,120}", encoded in "[A-Za-z0-9+/=]{40,50}") {
            let _ = SecretsKey::from_text(&text);
            let _ = SecretsKey::from_text(&format!("{PREFIX}{encoded}"));
        }
    }
}

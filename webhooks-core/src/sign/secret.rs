//! Secrets.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Error, ErrorKind, env::Env};

/// What secrets of Standard Webhooks begin with.
const PREFIX: &str = "whsec_";
const GENERATED: usize = 24;
const MAX: usize = 256;

/// The text of a secret. Never shown, compared in constant time, wiped when dropped.
#[derive(Clone)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes a secret: 1–256 bytes without control characters.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), without the text.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let mut text = text.into();
        let wrong = text.is_empty() || text.len() > MAX || text.chars().any(char::is_control);
        if wrong {
            text.zeroize();
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "`secret` is not usable: expected 1–256 bytes without control characters",
            ));
        }
        Ok(Self(text.into_boxed_str()))
    }

    /// A new one: `whsec_` and base64 of 24 random bytes.
    #[must_use]
    pub fn generate(env: &Env) -> Self {
        let mut bytes = Zeroizing::new([0; GENERATED]);
        env.fill(bytes.as_mut_slice());
        let mut text = String::with_capacity(PREFIX.len() + GENERATED / 3 * 4);
        text.push_str(PREFIX);
        STANDARD.encode_string(bytes.as_slice(), &mut text);
        Self(text.into_boxed_str())
    }

    /// The text. Mind where it goes.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The key bytes of Standard Webhooks.
    pub(super) fn standard_key(&self) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.0
            .strip_prefix(PREFIX)
            .and_then(|encoded| STANDARD.decode(encoded).ok())
            .map(Zeroizing::new)
            .filter(|key| (24..=64).contains(&key.len()))
            .ok_or_else(|| {
                Error::new(
                    ErrorKind::InvalidConfig,
                    "`secret` does not suit the `standard` signature: expected `whsec_` and base64 of 24–64 bytes",
                )
            })
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(•••)")
    }
}

impl std::str::FromStr for Secret {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::new(text)
    }
}

//! Signature schemes, and sets of them.

use std::{fmt, str::FromStr};

use super::{Secret, Signer, emitter::EmitterSigner, standard::StandardSigner};
use crate::{Error, ErrorKind, words::serde_as_word};

/// A signature scheme.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// Standard Webhooks `v1`: HMAC-SHA256 of message ID, timestamp and body.
    Standard,
    /// That of Elixir's `webhooks_emitter`: HMAC-SHA256 of the body.
    Emitter,
}

const ALL: [Scheme; 2] = [Scheme::Standard, Scheme::Emitter];

impl Scheme {
    /// The word for it in the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Emitter => "emitter",
        }
    }

    pub(super) fn signer(self) -> &'static dyn Signer {
        match self {
            Self::Standard => &StandardSigner,
            Self::Emitter => &EmitterSigner,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Scheme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        ALL.into_iter().find(|scheme| scheme.as_str() == text).ok_or_else(|| {
            let shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            Error::new(
                ErrorKind::InvalidConfig,
                format!("unknown signature scheme `{shown}`: this version signs with `standard` and `emitter`"),
            )
        })
    }
}

serde_as_word!(Scheme);

/// A set of signature schemes. Defaults to Standard and Emitter.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Schemes(u8);

impl Schemes {
    /// The set of these.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) for an empty one: a webhook that nobody can
    /// verify is of no use.
    pub fn new(schemes: impl IntoIterator<Item = Scheme>) -> Result<Self, Error> {
        let bits = schemes
            .into_iter()
            .fold(0, |bits, scheme| bits | (1 << scheme as u8));
        if bits == 0 {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "`signing` is empty: expected at least one of `standard`, `emitter`",
            ));
        }
        Ok(Self(bits))
    }

    /// Whether this scheme is in the set.
    #[must_use]
    pub fn contains(self, scheme: Scheme) -> bool {
        self.0 & (1 << scheme as u8) != 0
    }

    /// The schemes of the set, in an order that does not change.
    pub fn iter(self) -> impl Iterator<Item = Scheme> {
        ALL.into_iter().filter(move |scheme| self.contains(*scheme))
    }

    /// Whether all of them can sign with this secret.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), saying what the secret should be.
    pub fn validate(self, secret: &Secret) -> Result<(), Error> {
        self.iter()
            .try_for_each(|scheme| scheme.signer().check(secret))
    }
}

impl Default for Schemes {
    fn default() -> Self {
        Self((1 << Scheme::Standard as u8) | (1 << Scheme::Emitter as u8))
    }
}

/// As a list of words.
#[cfg(feature = "serde")]
impl serde::Serialize for Schemes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Schemes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let schemes = Vec::<Scheme>::deserialize(deserializer)?;
        Self::new(schemes).map_err(serde::de::Error::custom)
    }
}

impl fmt::Debug for Schemes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

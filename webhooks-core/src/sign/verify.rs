//! Verifying, for receivers and for tests.

use std::{error::Error as StdError, fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::{Secret, emitter, standard};
use crate::{Error, env::Timestamp};

/// How far the timestamp may be off: what the libraries of Standard Webhooks allow.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// Verifies Standard Webhooks `v1` signatures.
#[derive(Debug, Clone)]
#[must_use = "a verifier does nothing until `verify` is called"]
pub struct Verifier {
    keys: Vec<SecretKey>,
    tolerance: Duration,
}

#[derive(Clone)]
struct SecretKey(Zeroizing<Vec<u8>>);

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl Verifier {
    /// With this secret.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) unless it is `whsec_` and base64 of 24–64
    /// bytes.
    pub fn new(secret: Secret) -> Result<Self, Error> {
        Self {
            keys: Vec::new(),
            tolerance: TOLERANCE,
        }
        .or(secret)
    }

    /// Accepts this secret too, as during a rotation.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "the caller has no further use for a secret"
    )]
    pub fn or(mut self, secret: Secret) -> Result<Self, Error> {
        self.keys.push(SecretKey(secret.standard_key()?));
        Ok(self)
    }

    /// How far the timestamp may be off. Defaults to five minutes.
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a request received at `now`.
    ///
    /// # Errors
    /// [`VerifyError`], which says what to answer 400 or 401 for.
    pub fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), VerifyError> {
        let id = text(headers, "webhook-id")?;
        let timestamp = text(headers, "webhook-timestamp")?;
        let signatures = text(headers, "webhook-signature")?;
        let seconds: i64 = timestamp
            .parse()
            .map_err(|_| VerifyError(VerifyErrorKind::Malformed))?;
        if now.as_secs().abs_diff(seconds) > self.tolerance.as_secs() {
            return Err(VerifyError(VerifyErrorKind::TimestampOutOfTolerance));
        }
        let given: Vec<Vec<u8>> = signatures
            .split(' ')
            .filter_map(|entry| STANDARD.decode(entry.strip_prefix("v1,")?).ok())
            .collect();
        let right = self.keys.iter().any(|key| {
            let expected = standard::signature(&key.0, id, timestamp, body);
            given.iter().any(|given| bool::from(given.ct_eq(&expected)))
        });
        if right {
            Ok(())
        } else {
            Err(VerifyError(VerifyErrorKind::NoMatch))
        }
    }
}

/// Verifies an `x-webhooks-signature` of the Emitter scheme.
///
/// # Errors
/// [`NoMatch`](VerifyErrorKind::NoMatch).
pub fn verify_emitter(secret: &Secret, signature: &str, body: &[u8]) -> Result<(), VerifyError> {
    let expected = emitter::signature(secret, body);
    if expected.as_bytes().ct_eq(signature.as_bytes()).into() {
        Ok(())
    } else {
        Err(VerifyError(VerifyErrorKind::NoMatch))
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, VerifyError> {
    let value = headers
        .get(name)
        .ok_or(VerifyError(VerifyErrorKind::MissingHeader))?;
    value
        .to_str()
        .map_err(|_| VerifyError(VerifyErrorKind::Malformed))
}

/// Why a signature was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerifyError(VerifyErrorKind);

/// The kinds of [`VerifyError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VerifyErrorKind {
    /// One of the three headers is missing.
    MissingHeader,
    /// A header is not of the form that it must have.
    Malformed,
    /// The timestamp is too far off: a replayed request, or a wrong clock.
    TimestampOutOfTolerance,
    /// No signature is of a known secret.
    NoMatch,
}

impl VerifyError {
    /// What kind of error this is.
    #[must_use]
    pub fn kind(self) -> VerifyErrorKind {
        self.0
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            VerifyErrorKind::MissingHeader => "a signature header is missing",
            VerifyErrorKind::Malformed => "a signature header is malformed",
            VerifyErrorKind::TimestampOutOfTolerance => "the timestamp is too far off",
            VerifyErrorKind::NoMatch => "no signature is of a known secret",
        })
    }
}

impl StdError for VerifyError {}

//! What every signature scheme implements.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderName, HeaderValue};
use sha2::Sha256;

use super::{Schemes, Secret, SigningKey};
use crate::{Error, ErrorKind};

/// What is signed, and with what.
#[derive(Clone, Copy)]
pub struct SignContext<'a> {
    /// The message ID, as it goes out in `webhook-id`.
    pub message_id: &'a str,
    /// Unix seconds of this attempt, as they go out in `webhook-timestamp`.
    pub timestamp: i64,
    /// The body, byte for byte.
    pub body: &'a [u8],
    /// The active keys, newest first.
    pub keys: &'a [&'a SigningKey],
    /// The word in `x-<word>-signature`.
    pub header_identifier: &'a str,
}

/// Without the body.
impl fmt::Debug for SignContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignContext")
            .field("message_id", &self.message_id)
            .field("timestamp", &self.timestamp)
            .field("size", &self.body.len())
            .field("keys", &self.keys)
            .field("header_identifier", &self.header_identifier)
            .finish()
    }
}

/// Where signatures go.
#[derive(Debug, Default)]
pub struct Signatures {
    standard: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Signatures {
    /// Adds an entry such as `v1,<base64>` to `webhook-signature`, behind those that are there.
    pub fn standard(&mut self, version: &str, signature: &[u8]) {
        use base64::Engine as _;
        if !self.standard.is_empty() {
            self.standard.push(' ');
        }
        self.standard.push_str(version);
        self.standard.push(',');
        base64::engine::general_purpose::STANDARD.encode_string(signature, &mut self.standard);
    }

    /// Adds a header of the scheme's own.
    pub fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.push((name, value));
    }
}

/// A signature scheme: turns a [`SignContext`] into [`Signatures`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a signature scheme",
    note = "implement `Signer`, or choose one of `Scheme`"
)]
pub trait Signer: Send + Sync {
    /// Whether it can sign with this secret.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), saying what the secret should be.
    fn check(&self, secret: &Secret) -> Result<(), Error>;

    /// Signs.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig) if a key does not suit the scheme.
    fn sign(&self, context: &SignContext<'_>, into: &mut Signatures) -> Result<(), Error>;
}

/// Signs with each scheme; hands over each header.
pub(crate) fn sign(
    schemes: Schemes,
    context: &SignContext<'_>,
    mut header: impl FnMut(HeaderName, &[u8]),
) -> Result<(), Error> {
    // Nobody could tell it from a forgery.
    if context.keys.is_empty() {
        return Err(Error::new(
            ErrorKind::InvalidConfig,
            "no signing key is active: expected one that has not expired",
        ));
    }
    let mut signatures = Signatures::default();
    for scheme in schemes.iter() {
        scheme.signer().sign(context, &mut signatures)?;
    }
    if !signatures.standard.is_empty() {
        let name = HeaderName::from_static("webhook-signature");
        header(name, signatures.standard.as_bytes());
    }
    for (name, value) in signatures.headers {
        header(name, value.as_bytes());
    }
    Ok(())
}

pub(super) fn header_value(text: String) -> Result<HeaderValue, Error> {
    HeaderValue::try_from(text)
        .map_err(|_| Error::new(ErrorKind::InvalidConfig, "a signature is no header value"))
}

/// HMAC-SHA256 over the parts, one after another.
pub(super) fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

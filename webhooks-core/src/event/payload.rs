//! Payloads.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use super::json;
use crate::{Error, ErrorKind};

/// The payload limit: 1 MiB, unless the builder sets another one.
pub(crate) const DEFAULT_LIMIT: usize = 1 << 20;

/// A JSON object, ready to be stored and sent: the very bytes that are signed.
///
/// ```
/// use webhooks_core::Payload;
///
/// // Text is checked and kept byte for byte: key order and big numbers survive.
/// let text = Payload::from_json(r#"{"b": 1, "a": 340282366920938463463374607431768211455}"#)?;
/// assert_eq!(text.as_bytes(), br#"{"b": 1, "a": 340282366920938463463374607431768211455}"#);
///
/// // Typed values go through the JSON-safe serializer.
/// let typed = Payload::from_value(&std::collections::BTreeMap::from([((1, 2), f64::NAN)]))?;
/// assert_eq!(typed.as_bytes(), br#"{"[1, 2]":"NaN"}"#);
/// # Ok::<(), webhooks_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Payload(Bytes);

impl Payload {
    /// Serialises `value`, making whatever serde can serialise safe for JSON.
    ///
    /// # Errors
    /// [`InvalidPayload`](ErrorKind::InvalidPayload) if it is not a JSON object or its own
    /// `Serialize` fails, [`PayloadTooDeep`](ErrorKind::PayloadTooDeep) beyond 128 levels.
    pub fn from_value<T: Serialize + ?Sized>(value: &T) -> Result<Self, Error> {
        json::to_object(value).map(|bytes| Self(bytes.into()))
    }

    /// Takes JSON that is there as text, checked (UTF-8, well-formed, an object, at most 128
    /// levels) and kept byte for byte.
    ///
    /// # Errors
    /// [`InvalidPayload`](ErrorKind::InvalidPayload) or
    /// [`PayloadTooDeep`](ErrorKind::PayloadTooDeep), with the position.
    pub fn from_json(text: impl Into<Bytes>) -> Result<Self, Error> {
        let text = text.into();
        json::check_object(&text)?;
        Ok(Self(text))
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, shared.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    pub(crate) fn check_size(&self, limit: usize) -> Result<(), Error> {
        if self.0.len() <= limit {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::PayloadTooLarge,
            format!(
                "payload has {} bytes: at most {limit} are allowed",
                self.0.len()
            ),
        ))
    }
}

/// Says the size only: payloads stay out of logs.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

/// What can be emitted: a reference to anything that serde can serialise, or a ready [`Payload`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a payload",
    label = "expected a reference to a value that implements `serde::Serialize`, or a `Payload`",
    note = "pass `&value`; for JSON that is there as text, pass `Payload::from_json(text)?`"
)]
pub trait IntoPayload {
    /// The payload.
    ///
    /// # Errors
    /// As [`Payload::from_value`].
    fn into_payload(self) -> Result<Payload, Error>;
}

impl<T: Serialize + ?Sized> IntoPayload for &T {
    fn into_payload(self) -> Result<Payload, Error> {
        Payload::from_value(self)
    }
}

impl IntoPayload for Payload {
    fn into_payload(self) -> Result<Payload, Error> {
        Ok(self)
    }
}

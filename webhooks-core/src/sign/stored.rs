//! What durable stores keep of signing keys: JSON that the caller seals, and back.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{KeyId, Secret, SigningKey};
use crate::{Error, ErrorKind, env::Timestamp};

#[derive(Deserialize, Serialize)]
struct KeyJson<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    secret: Cow<'a, str>,
    /// Microseconds since the Unix epoch, as is the next.
    created_at: i64,
    expires_at: Option<i64>,
}

/// As JSON, in their order. Plain text: the caller seals it.
pub(crate) fn keys_to_stored(keys: &[SigningKey]) -> Zeroizing<Vec<u8>> {
    // Room for all of it, every byte of a secret escaped: growing would leave copies behind that
    // nobody wipes.
    let room = |key: &SigningKey| 256 + 2 * key.secret().expose().len();
    let mut bytes = Zeroizing::new(Vec::with_capacity(2 + keys.iter().map(room).sum::<usize>()));
    let json: Vec<KeyJson<'_>> = keys.iter().map(KeyJson::from).collect();
    serde_json::to_writer(&mut *bytes, &json).expect("text and integers are JSON");
    bytes
}

/// Back from [`keys_to_stored`]. Errors show nothing of what was read.
pub(crate) fn keys_from_stored(bytes: &[u8]) -> Result<Arc<[SigningKey]>, Error> {
    let json: Vec<KeyJson<'_>> = serde_json::from_slice(bytes).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        unreadable(format!(
            "expected keys as JSON, and this is not at line {line} column {column}"
        ))
    })?;
    if json.is_empty() {
        // Nothing would be signed.
        return Err(unreadable("expected at least one"));
    }
    json.into_iter().map(KeyJson::into_key).collect()
}

impl<'a> From<&'a SigningKey> for KeyJson<'a> {
    fn from(key: &'a SigningKey) -> Self {
        Self {
            id: key.id().to_string().into(),
            secret: key.secret().expose().into(),
            created_at: key.created_at().as_micros(),
            expires_at: key.expiry().map(Timestamp::as_micros),
        }
    }
}

impl KeyJson<'_> {
    fn into_key(self) -> Result<SigningKey, Error> {
        let secret = Secret::new(self.secret).map_err(unreadable)?;
        let id = Uuid::try_parse(&self.id).map_err(|_| unreadable("expected UUIDs as IDs"))?;
        Ok(SigningKey::of_parts(
            KeyId::from_uuid(id),
            secret,
            Timestamp::from_micros(self.created_at),
            self.expires_at.map(Timestamp::from_micros),
        ))
    }
}

fn unreadable(why: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Store,
        format!("stored signing keys cannot be read: {why}"),
    )
}

#[cfg(test)]
mod tests;

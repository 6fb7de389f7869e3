//! The scheme of Elixir's `webhooks_emitter`: HMAC-SHA256 of the body, in lower-case base32hex.

use http::HeaderName;

use super::{
    Secret, SignContext, Signatures, Signer, base32hex,
    signer::{header_value, hmac},
};
use crate::{Error, ErrorKind};

pub(super) struct EmitterSigner;

impl Signer for EmitterSigner {
    fn check(&self, _: &Secret) -> Result<(), Error> {
        Ok(())
    }

    /// The header holds one value: the newest key signs alone.
    fn sign(&self, context: &SignContext<'_>, into: &mut Signatures) -> Result<(), Error> {
        let Some(newest) = context.keys.first() else {
            return Ok(());
        };
        let value = signature(newest.secret(), context.body);
        into.header(name(context.header_identifier)?, header_value(value)?);
        Ok(())
    }
}

fn name(identifier: &str) -> Result<HeaderName, Error> {
    if identifier.eq_ignore_ascii_case("webhooks") {
        return Ok(HeaderName::from_static("x-webhooks-signature"));
    }
    HeaderName::try_from(format!("x-{identifier}-signature")).map_err(|_| {
        Error::new(
            ErrorKind::InvalidConfig,
            "`header_identifier` is not a word for header names",
        )
    })
}

pub(super) fn signature(secret: &Secret, body: &[u8]) -> String {
    let mut text = String::with_capacity(7 + 52);
    text.push_str("sha256:");
    base32hex::encode(&hmac(secret.expose().as_bytes(), &[body]), &mut text);
    text
}

//! Standard Webhooks `v1`: HMAC-SHA256 of message ID, timestamp and body.

use super::{Secret, SignContext, Signatures, Signer, signer::hmac};
use crate::Error;

pub(super) struct StandardSigner;

impl Signer for StandardSigner {
    fn check(&self, secret: &Secret) -> Result<(), Error> {
        secret.standard_key().map(drop)
    }

    fn sign(&self, context: &SignContext<'_>, into: &mut Signatures) -> Result<(), Error> {
        let SignContext {
            message_id,
            timestamp,
            body,
            keys,
            ..
        } = context;
        let timestamp = timestamp.to_string();
        for key in *keys {
            let key = key.secret().standard_key()?;
            into.standard("v1", &signature(&key, message_id, &timestamp, body));
        }
        Ok(())
    }
}

pub(super) fn signature(key: &[u8], message_id: &str, timestamp: &str, body: &[u8]) -> [u8; 32] {
    hmac(
        key,
        &[
            message_id.as_bytes(),
            b".",
            timestamp.as_bytes(),
            b".",
            body,
        ],
    )
}

//! What seals and opens.
//!
//! Sealed: the format's version (1 byte), the key's ID (8), the nonce (24), then the ciphertext with
//! its tag (16). The associated data is the version, the key's ID, and the emitter and the purpose,
//! each behind its length.

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use zeroize::Zeroizing;

use super::{SecretsKey, SecretsKeyId};
use crate::{EmitterId, Error, ErrorKind, env::Env};

const VERSION: u8 = 1;
const HEAD: usize = 1 + SecretsKeyId::LEN;
const NONCE: usize = 24;

/// Seals secrets under one key, and opens them.
#[derive(Clone)]
pub(crate) struct Sealer {
    id: SecretsKeyId,
    cipher: XChaCha20Poly1305,
}

impl Sealer {
    pub(crate) fn new(key: &SecretsKey) -> Self {
        Self {
            id: key.id(),
            cipher: XChaCha20Poly1305::new(key.bytes().into()),
        }
    }

    /// The ID of its key.
    pub(crate) fn key_id(&self) -> SecretsKeyId {
        self.id
    }

    /// Seals `plain` for this emitter and purpose.
    pub(crate) fn seal(
        &self,
        emitter: &EmitterId,
        purpose: &str,
        plain: &[u8],
        env: &Env,
    ) -> Vec<u8> {
        // 24 random bytes do not repeat, however many secrets one key seals.
        let mut nonce = [0; NONCE];
        env.fill(&mut nonce);
        let payload = Payload {
            msg: plain,
            aad: &self.associated(emitter, purpose),
        };
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a secret is shorter than 256 GiB");
        [&self.head()[..], &nonce, &ciphertext].concat()
    }

    /// Opens what was sealed for this emitter and purpose.
    ///
    /// # Errors
    /// [`SecretsKey`](ErrorKind::SecretsKey) if another key sealed it, naming both, or if it is
    /// damaged or was sealed for something else.
    pub(crate) fn open(
        &self,
        emitter: &EmitterId,
        purpose: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let refused = |why: String| {
            let what = format!("the sealed `{purpose}` of emitter `{emitter}`");
            Error::new(ErrorKind::SecretsKey, format!("{what} {why}"))
        };
        let Some((&[version, ref id @ ..], rest)) = sealed.split_first_chunk::<HEAD>() else {
            return Err(refused("is cut short".into()));
        };
        if version != VERSION {
            return Err(refused(format!(
                "is of format {version}: expected {VERSION}"
            )));
        }
        let sealed_with = SecretsKeyId::from_bytes(*id);
        if sealed_with != self.id {
            return Err(refused(format!(
                "needs the secrets key {sealed_with}: the key in hand is {}",
                self.id
            )));
        }
        let Some((nonce, ciphertext)) = rest.split_first_chunk::<NONCE>() else {
            return Err(refused("is cut short".into()));
        };
        let payload = Payload {
            msg: ciphertext,
            aad: &self.associated(emitter, purpose),
        };
        match self.cipher.decrypt(nonce.into(), payload) {
            Ok(plain) => Ok(Zeroizing::new(plain)),
            Err(_) => Err(refused(format!(
                "does not open with the secrets key {}: it was changed, or sealed for something else",
                self.id
            ))),
        }
    }

    fn head(&self) -> [u8; HEAD] {
        let mut head = [VERSION; HEAD];
        head[1..].copy_from_slice(&self.id.to_bytes());
        head
    }

    fn associated(&self, emitter: &EmitterId, purpose: &str) -> Vec<u8> {
        let mut data = self.head().to_vec();
        for part in [emitter.as_str(), purpose] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        data
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({})", self.id)
    }
}

#[cfg(test)]
mod tests;

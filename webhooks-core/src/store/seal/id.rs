//! What names a secrets key.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// Sets the hash apart from every other hash of the same bytes.
const DOMAIN: &[u8] = b"webhooks-secrets-key-id-v1\0";
const LEN: usize = 8;

/// What names a [`SecretsKey`](super::SecretsKey) without showing it: `Display` is 16 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretsKeyId([u8; LEN]);

impl SecretsKeyId {
    pub(super) const LEN: usize = LEN;

    /// 8 bytes of a hash: enough to tell keys apart, and nothing to find the key with.
    pub(super) fn of(key: &[u8; 32]) -> Self {
        let digest = Sha256::new().chain_update(DOMAIN).chain_update(key);
        let mut id = [0; LEN];
        id.copy_from_slice(&digest.finalize()[..LEN]);
        Self(id)
    }

    /// The ID of these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0
    }
}

impl fmt::Display for SecretsKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for SecretsKeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretsKeyId({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_stable_and_print_16_hex_digits() {
        // printf 'webhooks-secrets-key-id-v1\0' and 32 zero bytes, through sha256sum
        assert_eq!(SecretsKeyId::of(&[0; 32]).to_string(), "6d439094a9d7b418");
        assert_eq!(
            SecretsKeyId::from_bytes([0, 0, 0, 0, 0, 0, 0, 7]).to_string(),
            "0000000000000007"
        );
    }
}

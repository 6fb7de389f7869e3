//! Signing keys: a secret, and for how long it signs.

use std::fmt;

use uuid::Uuid;

use super::Secret;
use crate::env::{Env, Timestamp};

/// What names a key without showing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(Uuid);

impl KeyId {
    /// The ID that is this UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID inside.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A secret, and for how long it signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    id: KeyId,
    secret: Secret,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl SigningKey {
    /// A new key that does not expire.
    #[must_use]
    pub fn new(secret: Secret, env: &Env) -> Self {
        Self {
            id: KeyId(env.uuid_v4()),
            secret,
            created_at: env.now(),
            expires_at: None,
        }
    }

    /// One that a store kept.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(super) fn of_parts(
        id: KeyId,
        secret: Secret,
        created_at: Timestamp,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self {
            id,
            secret,
            created_at,
            expires_at,
        }
    }

    /// The time from which on it does not sign any more. Defaults to never.
    #[must_use]
    pub fn expires_at(mut self, at: impl Into<Option<Timestamp>>) -> Self {
        self.expires_at = at.into();
        self
    }

    /// Its ID.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Its secret.
    #[must_use]
    pub fn secret(&self) -> &Secret {
        &self.secret
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// The time from which on it does not sign any more.
    #[must_use]
    pub fn expiry(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Whether it signs at `now`.
    #[must_use]
    pub fn is_active(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|at| now < at)
    }
}

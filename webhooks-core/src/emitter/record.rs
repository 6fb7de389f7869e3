//! One attached receiver as it stands.

use std::{fmt, sync::Arc};

use super::{EmitterConfig, EmitterId, EmitterState, Settings};
use crate::{
    env::{Env, Timestamp},
    event::{EventName, EventPattern, Tenant},
    sign::{Secret, SigningKey},
};

/// One attached receiver as it stands. Immutable: a change makes a new one.
///
/// Kept small, since a service may have many that are idle: equal settings and patterns are
/// shared, and the URL is kept as text.
#[derive(Clone)]
pub struct Emitter {
    pub(crate) id: EmitterId,
    pub(crate) url: Arc<str>,
    pub(crate) patterns: Arc<[EventPattern]>,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) keys: Arc<[SigningKey]>,
    pub(crate) state: EmitterState,
    pub(crate) generation: u64,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

impl Emitter {
    /// A new, active emitter of this configuration, with a generated secret if that has none.
    ///
    /// For stores and their tests; applications attach a configuration instead. Checks nothing,
    /// and leaves the generation to the store.
    #[must_use]
    pub fn new(
        id: EmitterId,
        patterns: Arc<[EventPattern]>,
        config: EmitterConfig,
        env: &Env,
    ) -> Self {
        let now = env.now();
        let secret = config.secret.unwrap_or_else(|| Secret::generate(env));
        Self {
            id,
            url: config.url_text.into(),
            patterns,
            tenant: config.tenant,
            settings: Arc::new(config.settings),
            keys: [SigningKey::new(secret, env)].into(),
            state: EmitterState::Active,
            generation: 0,
            created_at: now,
            updated_at: now,
        }
    }

    /// Whether this is `other`, or what stands for it in another process's memory.
    pub(crate) fn is_version_of(&self, other: &Self) -> bool {
        self.id == other.id
            && self.updated_at == other.updated_at
            && self.generation == other.generation
            && self.state == other.state
    }

    /// Its ID.
    #[must_use]
    pub fn id(&self) -> &EmitterId {
        &self.id
    }

    /// Where it posts to, as it was given.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The patterns that it is attached to.
    #[must_use]
    pub fn patterns(&self) -> &[EventPattern] {
        &self.patterns
    }

    /// Its tenant.
    #[must_use]
    pub fn tenant(&self) -> Option<&Tenant> {
        self.tenant.as_ref()
    }

    /// Its settings.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Its signing keys, newest first.
    #[must_use]
    pub fn keys(&self) -> &[SigningKey] {
        &self.keys
    }

    /// Whether it delivers.
    #[must_use]
    pub fn state(&self) -> EmitterState {
        self.state
    }

    /// Which of the times that its queue was begun anew this is: deliveries of an older one are
    /// never sent.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// When it was attached.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.created_at
    }

    /// When its configuration or state last changed.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        self.updated_at
    }

    /// Whether an event of this name and tenant reaches it, its state aside.
    #[must_use]
    pub fn listens_to(&self, name: &EventName, tenant: Option<&Tenant>) -> bool {
        self.tenant() == tenant && self.patterns.iter().any(|pattern| pattern.matches(name))
    }
}

/// Without its secrets, its headers' values and its URL's query.
impl fmt::Debug for Emitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter")
            .field("id", &self.id)
            .field("patterns", &self.patterns)
            .field("tenant", &self.tenant)
            .field("state", &self.state)
            .field("generation", &self.generation)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

//! Emitters as the API shows them.

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;
use webhooks_core::{
    Backlog, Emitter, EmitterState, EventPattern, Ordering, RetryPolicy, Tenant,
    emitter::DisabledReason,
    env::Timestamp,
    sign::{Schemes, SigningKey},
    store::EmitterStanding,
};

pub(super) use webhooks_core::emitter::HIDDEN;

/// An emitter in an answer.
#[derive(Serialize)]
pub(super) struct EmitterJson<'a> {
    id: &'a str,
    url: &'a str,
    events: &'a [EventPattern],
    tenant: Option<&'a Tenant>,
    description: Option<&'a str>,
    metadata: &'a BTreeMap<String, String>,
    header_identifier: &'a str,
    headers: BTreeMap<&'a str, &'static str>,
    signing: Schemes,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
    timeout_ms: u64,
    retry: &'a RetryPolicy,
    ordering: Ordering,
    lanes: u32,
    rate_limit_per_second: Option<f64>,
    disable_after_ms: Option<u64>,
    state: &'static str,
    paused_backlog: Option<Backlog>,
    disabled_reason: Option<DisabledReason>,
    created_at: Timestamp,
    updated_at: Timestamp,
    pending: u64,
    oldest_pending_at: Option<Timestamp>,
    cooling_until: Option<Timestamp>,
    consecutive_failures: u32,
    keys: Vec<KeyJson>,
}

#[derive(Serialize)]
struct KeyJson {
    id: String,
    kind: &'static str,
    public_key: Option<String>,
    created_at: Timestamp,
    expires_at: Option<Timestamp>,
}

impl<'a> EmitterJson<'a> {
    pub(super) fn new(emitter: &'a Emitter, standing: &EmitterStanding) -> Self {
        let settings = emitter.settings();
        let (paused_backlog, disabled_reason) = match emitter.state() {
            EmitterState::Active => (None, None),
            EmitterState::Paused(backlog) => (Some(backlog), None),
            EmitterState::Disabled(reason) => (None, Some(reason)),
        };
        Self {
            id: emitter.id().as_str(),
            url: emitter.url(),
            events: emitter.patterns(),
            tenant: emitter.tenant(),
            description: settings.description.as_deref(),
            metadata: &settings.metadata,
            header_identifier: &settings.header_identifier,
            headers: settings
                .headers
                .keys()
                .map(|name| (name.as_str(), HIDDEN))
                .collect(),
            signing: settings.signing,
            secret: None,
            timeout_ms: millis(settings.timeout),
            retry: &settings.retry,
            ordering: settings.ordering,
            lanes: settings.lanes,
            rate_limit_per_second: None,
            disable_after_ms: settings.disable_after.map(millis),
            state: emitter.state().as_str(),
            paused_backlog,
            disabled_reason,
            created_at: emitter.created_at(),
            updated_at: emitter.updated_at(),
            pending: standing.pending,
            oldest_pending_at: standing.oldest_pending_at,
            cooling_until: standing.health.cooling_until,
            consecutive_failures: standing.health.consecutive_failures,
            keys: emitter.keys().iter().map(key).collect(),
        }
    }

    /// With its secret: in the answer to its creation alone.
    pub(super) fn with_secret(mut self, emitter: &'a Emitter) -> Self {
        self.secret = emitter.keys().first().map(|key| key.secret().expose());
        self
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn key(key: &SigningKey) -> KeyJson {
    KeyJson {
        id: key.id().to_string(),
        kind: "hmac",
        public_key: None,
        created_at: key.created_at(),
        expires_at: key.expiry(),
    }
}

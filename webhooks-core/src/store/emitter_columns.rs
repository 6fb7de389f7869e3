//! An emitter as the columns of a row, its secrets sealed, and what becomes of one that is there.

use std::sync::Arc;

use http::HeaderMap;

use super::{
    Put, PutEmitter, PutOutcome, SetState, StateChange,
    emitters::{changed_at, same_config, same_keys},
    seal::Sealer,
};
use crate::{
    Error,
    emitter::{
        Backlog, Emitter, EmitterId, EmitterState, Settings, headers_from_stored,
        headers_to_stored, patterns_from_stored,
    },
    env::{Env, Timestamp},
    event::Tenant,
    sign::{keys_from_stored, keys_to_stored},
};

/// What is sealed, so that the one cannot be taken for the other.
const HEADERS: &str = "headers";
const KEYS: &str = "keys";

/// The columns of a row.
pub(super) struct EmitterColumns<'a> {
    pub(super) id: EmitterId,
    pub(super) url: &'a str,
    pub(super) patterns: &'a str,
    pub(super) tenant: Option<Tenant>,
    pub(super) settings: &'a str,
    pub(super) headers: Option<&'a [u8]>,
    pub(super) keys: &'a [u8],
    pub(super) state: &'a str,
    pub(super) state_detail: Option<&'a str>,
    pub(super) generation: u64,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl EmitterColumns<'_> {
    /// The emitter that they are of.
    pub(super) fn into_emitter(self, sealer: &Sealer) -> Result<Emitter, Error> {
        let headers = match self.headers {
            None => HeaderMap::new(),
            Some(sealed) => headers_from_stored(&sealer.open(&self.id, HEADERS, sealed)?)?,
        };
        let keys = keys_from_stored(&sealer.open(&self.id, KEYS, self.keys)?)?;
        Ok(Emitter {
            url: self.url.into(),
            patterns: patterns_from_stored(self.patterns)?,
            tenant: self.tenant,
            settings: Arc::new(Settings::from_stored(self.settings, headers)?),
            keys,
            state: EmitterState::from_stored(self.state, self.state_detail)?,
            generation: self.generation,
            created_at: self.created_at,
            updated_at: self.updated_at,
            id: self.id,
        })
    }
}

/// The headers of an emitter as they are kept; `None` for none.
pub(super) fn sealed_headers(emitter: &Emitter, sealer: &Sealer, env: &Env) -> Option<Vec<u8>> {
    let headers = &emitter.settings.headers;
    let seal = || sealer.seal(&emitter.id, HEADERS, &headers_to_stored(headers), env);
    (!headers.is_empty()).then(seal)
}

/// The keys of an emitter as they are kept.
pub(super) fn sealed_keys(emitter: &Emitter, sealer: &Sealer, env: &Env) -> Vec<u8> {
    sealer.seal(&emitter.id, KEYS, &keys_to_stored(&emitter.keys), env)
}

/// What becomes of an emitter that is to be written where there is one of its ID.
pub(super) fn put_over(found: Emitter, put: &PutEmitter) -> PutOutcome {
    let PutEmitter { emitter, put, now } = put;
    let Put::Upsert { replace_keys } = put else {
        return PutOutcome::Exists(Arc::new(found));
    };
    if found.tenant != emitter.tenant {
        return PutOutcome::TenantMismatch(Arc::new(found));
    }
    let replace_keys = *replace_keys && !same_keys(&found.keys, &emitter.keys);
    if !replace_keys && same_config(&found, emitter) {
        return PutOutcome::Unchanged(Arc::new(found));
    }
    PutOutcome::Updated(Arc::new(Emitter {
        keys: if replace_keys {
            emitter.keys.clone()
        } else {
            found.keys.clone()
        },
        state: found.state,
        generation: found.generation,
        created_at: found.created_at,
        updated_at: changed_at(found.updated_at, *now),
        ..emitter.clone()
    }))
}

/// The state that an emitter changes to, and whether what is pending is discarded; `None` where nothing
/// changes.
pub(super) fn next_state(found: &Emitter, change: &SetState) -> Option<(EmitterState, bool)> {
    let (state, discards) = match change.change {
        StateChange::Pause(backlog) => (EmitterState::Paused(backlog), backlog == Backlog::Discard),
        StateChange::Restart => (EmitterState::Active, false),
        StateChange::Disable(_) if !found.state.is_active() => return None,
        StateChange::Disable(reason) => (EmitterState::Disabled(reason), false),
    };
    (state != found.state || discards).then_some((state, discards))
}

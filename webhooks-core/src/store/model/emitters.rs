//! Attaching, changing and detaching emitters.

use std::{sync::Arc, time::Duration};

use super::Model;
use crate::{
    delivery::DiscardReason,
    emitter::{Backlog, Emitter, EmitterId, EmitterState},
    env::Timestamp,
    store::{
        EmitterStanding, EmitterTable, Put, PutEmitter, PutOutcome, SetState, StateChange,
        StateOutcome,
    },
};

impl Model {
    /// As [`Store::version`](crate::store::Store::version).
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// As [`Store::emitters`](crate::store::Store::emitters).
    #[must_use]
    pub fn emitters(&self) -> EmitterTable {
        EmitterTable {
            version: self.version,
            emitters: self.emitters.values().cloned().collect(),
        }
    }

    /// As [`Store::put_emitter`](crate::store::Store::put_emitter).
    pub fn put_emitter(&mut self, put: PutEmitter) -> PutOutcome {
        let PutEmitter {
            mut emitter,
            put,
            now,
        } = put;
        let Some(found) = self.emitters.get(&emitter.id).cloned() else {
            emitter.generation = self.next_generation();
            return PutOutcome::Created(self.write(emitter));
        };
        let Put::Upsert { replace_keys } = put else {
            return PutOutcome::Exists(found);
        };
        if found.tenant != emitter.tenant {
            return PutOutcome::TenantMismatch(found);
        }
        let new_keys = replace_keys && secrets(&found) != secrets(&emitter);
        let new_config = found.url != emitter.url
            || found.patterns != emitter.patterns
            || found.settings != emitter.settings;
        if !new_keys && !new_config {
            return PutOutcome::Unchanged(found);
        }
        let mut updated = Emitter::clone(&found);
        updated.url = emitter.url;
        updated.patterns = emitter.patterns;
        updated.settings = emitter.settings;
        if new_keys {
            updated.keys = emitter.keys;
        }
        updated.updated_at = later(found.updated_at, now);
        PutOutcome::Updated(self.write(updated))
    }

    /// As [`Store::set_state`](crate::store::Store::set_state).
    pub fn set_state(&mut self, change: SetState) -> StateOutcome {
        let SetState {
            emitter: id,
            change,
            now,
        } = change;
        let Some(found) = self.emitters.get(&id).cloned() else {
            return StateOutcome::NotFound;
        };
        let state = match change {
            StateChange::Pause(backlog) => EmitterState::Paused(backlog),
            StateChange::Restart => EmitterState::Active,
            StateChange::Disable(_) if !found.state.is_active() => found.state,
            StateChange::Disable(reason) => EmitterState::Disabled(reason),
        };
        let anew = change == StateChange::Pause(Backlog::Discard);
        if state == found.state && !anew {
            return StateOutcome::Unchanged(found);
        }
        let mut changed = Emitter::clone(&found);
        changed.state = state;
        changed.updated_at = later(found.updated_at, now);
        if anew {
            changed.generation = self.next_generation();
            let pending = self.pending(&id).into_values();
            self.discard_all(pending, DiscardReason::Paused, now);
        }
        if change == StateChange::Restart {
            self.health.remove(&id);
        }
        StateOutcome::Changed(self.write(changed))
    }

    /// As [`Store::remove_emitter`](crate::store::Store::remove_emitter).
    pub fn remove_emitter(&mut self, id: &EmitterId, now: Timestamp) -> bool {
        if self.emitters.remove(id).is_none() {
            return false;
        }
        let pending = self.pending(id).into_values();
        self.discard_all(pending, DiscardReason::Detached, now);
        self.health.remove(id);
        self.marks.remove(id);
        self.table_changed();
        true
    }

    /// As [`Store::standing`](crate::store::Store::standing), of one.
    #[must_use]
    pub fn standing(&self, id: &EmitterId) -> EmitterStanding {
        let pending = self.pending(id);
        let first = pending.values().next();
        EmitterStanding {
            pending: pending.len() as u64,
            oldest_pending_at: first.map(|key| self.messages[&key.message_id].created_at),
            health: self.health.get(id).copied().unwrap_or_default(),
        }
    }

    fn write(&mut self, emitter: Emitter) -> Arc<Emitter> {
        let emitter = Arc::new(emitter);
        self.emitters.insert(emitter.id.clone(), emitter.clone());
        self.table_changed();
        emitter
    }

    fn next_generation(&mut self) -> u64 {
        self.last_generation += 1;
        self.last_generation
    }

    fn table_changed(&mut self) {
        self.version += 1;
        self.changes += 1;
    }
}

/// Keys are the same where their secrets are.
fn secrets(emitter: &Emitter) -> Vec<&str> {
    let secrets = emitter.keys.iter().map(|key| key.secret().expose());
    secrets.collect()
}

/// `now`, or a microsecond after `before`.
fn later(before: Timestamp, now: Timestamp) -> Timestamp {
    now.max(before.saturating_add(Duration::from_micros(1)))
}

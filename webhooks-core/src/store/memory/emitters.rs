//! Attaching, changing and detaching emitters.

use std::{collections::hash_map, sync::Arc};

use super::state::State;
use crate::{
    delivery::DiscardReason,
    emitter::{Backlog, Emitter, EmitterId, EmitterState},
    env::Timestamp,
    store::{
        EmitterStanding, EmitterTable, Health, Put, PutEmitter, PutOutcome, SetState, StateChange,
        StateOutcome,
        emitters::{changed_at, same_config, same_keys},
    },
};

impl State {
    pub(super) fn table(&self) -> EmitterTable {
        let mut emitters: Vec<Arc<Emitter>> = self
            .queues
            .values()
            .filter_map(|queue| queue.emitter.clone())
            .collect();
        emitters.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        EmitterTable {
            version: self.version,
            emitters,
        }
    }

    pub(super) fn put_emitter(&mut self, put: PutEmitter) -> PutOutcome {
        let PutEmitter {
            mut emitter,
            put,
            now,
        } = put;
        let queue = match self.queues.entry(emitter.id.clone()) {
            hash_map::Entry::Occupied(queue) => queue.into_mut(),
            hash_map::Entry::Vacant(place) => place.insert(Default::default()),
        };
        let Some(found) = queue.emitter.clone() else {
            self.last_generation += 1;
            emitter.generation = self.last_generation;
            let emitter = Arc::new(emitter);
            queue.emitter = Some(emitter.clone());
            queue.health = Health::default();
            queue.rest();
            self.table_changed();
            return PutOutcome::Created(emitter);
        };
        let Put::Upsert { replace_keys } = put else {
            return PutOutcome::Exists(found);
        };
        if found.tenant != emitter.tenant {
            return PutOutcome::TenantMismatch(found);
        }
        let replace_keys = replace_keys && !same_keys(&found.keys, &emitter.keys);
        if !replace_keys && same_config(&found, &emitter) {
            return PutOutcome::Unchanged(found);
        }
        let updated = Arc::new(Emitter {
            keys: if replace_keys {
                emitter.keys
            } else {
                found.keys.clone()
            },
            state: found.state,
            generation: found.generation,
            created_at: found.created_at,
            updated_at: changed_at(found.updated_at, now),
            ..emitter
        });
        queue.emitter = Some(updated.clone());
        self.table_changed();
        PutOutcome::Updated(updated)
    }

    pub(super) fn set_state(&mut self, change: SetState) -> StateOutcome {
        let SetState {
            emitter: id,
            change,
            now,
        } = change;
        let Some(queue) = self.queues.get_mut(&id) else {
            return StateOutcome::NotFound;
        };
        let Some(found) = queue.emitter.as_ref() else {
            return StateOutcome::NotFound;
        };
        let (state, anew) = match change {
            StateChange::Pause(backlog) => {
                (EmitterState::Paused(backlog), backlog == Backlog::Discard)
            }
            StateChange::Restart => (EmitterState::Active, false),
            StateChange::Disable(_) if !found.state.is_active() => (found.state, false),
            StateChange::Disable(reason) => (EmitterState::Disabled(reason), false),
        };
        if state == found.state && !anew {
            return StateOutcome::Unchanged(found.clone());
        }
        let mut changed = Emitter::clone(found);
        changed.state = state;
        changed.updated_at = changed_at(changed.updated_at, now);
        if anew {
            self.last_generation += 1;
            changed.generation = self.last_generation;
        }
        let changed = Arc::new(changed);
        queue.emitter = Some(changed.clone());
        if change == StateChange::Restart {
            queue.health = Health::default();
            if queue.lease.is_none() && queue.wants_owner() {
                self.ready.insert(id.clone());
            }
        }
        if anew {
            self.discard_all(&id, DiscardReason::Paused, now);
        }
        self.table_changed();
        StateOutcome::Changed(changed)
    }

    pub(super) fn remove_emitter(&mut self, id: &EmitterId, now: Timestamp) -> bool {
        self.discard_all(id, DiscardReason::Detached, now);
        let Some(queue) = self.queues.get_mut(id) else {
            return false;
        };
        if queue.emitter.take().is_none() {
            return false;
        }
        queue.marked = false;
        queue.health = Health::default();
        if queue.lease.is_none() {
            self.queues.remove(id);
        }
        self.table_changed();
        true
    }

    pub(super) fn standing(&self, id: &EmitterId) -> EmitterStanding {
        let queue = self.queues.get(id);
        let Some(queue) = queue.filter(|queue| queue.emitter.is_some()) else {
            return EmitterStanding::default();
        };
        let head = queue.pending.values().next();
        EmitterStanding {
            pending: queue.pending.len() as u64,
            oldest_pending_at: head
                .and_then(|id| self.messages.get(id))
                .map(|entry| entry.message.created_at),
            health: queue.health,
        }
    }

    fn table_changed(&mut self) {
        self.version += 1;
        self.announce();
    }
}

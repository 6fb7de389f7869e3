//! Keeps what the node knows of emitters in step with the store.

use std::{collections::HashSet, sync::Arc};

use tokio::time::Instant;

use super::{bring::bring, core::Engine, watch::Happening};
use crate::{
    Error,
    emitter::{Emitter, EmitterId},
    observe,
    transport::parse_url,
};

impl Engine {
    /// Takes up an emitter as the store has it now.
    pub(super) fn changed(self: &Arc<Self>, emitter: &Arc<Emitter>, what: &'static str) {
        tracing::info!(target: observe::EMITTER, emitter = %emitter.id, state = %emitter.state, "{what}");
        self.take_in(emitter);
    }

    /// Takes up an emitter that the store had so before: the answer to what changed it may have been
    /// lost.
    pub(super) fn found(self: &Arc<Self>, emitter: &Arc<Emitter>) {
        let known = self.registry.get(emitter.id.as_str());
        let same =
            known.is_some_and(|old| Arc::ptr_eq(&old, emitter) || old.is_version_of(emitter));
        if !same {
            self.take_in(emitter);
        }
    }

    /// Brings registry and scheduler in step with an emitter.
    fn take_in(self: &Arc<Self>, emitter: &Arc<Emitter>) {
        let before = self.registry.get(emitter.id.as_str());
        self.registry.put(emitter.clone());
        let anew = before.as_ref().is_none_or(|before| {
            before.generation != emitter.generation || before.state != emitter.state
        });
        // One that is new here has no backlog, or a sweep finds it: to bring each would load all.
        let restarted = anew && before.is_some();
        let now = Instant::now();
        self.schedule(|scheduler| {
            if !emitter.state.is_active() {
                scheduler.suspend(&emitter.id, now);
            } else if let Ok(url) = parse_url(&emitter.url) {
                if anew {
                    scheduler.renew(emitter.clone(), Arc::new(url), now);
                } else {
                    scheduler.reconfigure(emitter.clone(), Arc::new(url), now);
                }
            }
            if restarted && self.options.deliver {
                bring(scheduler, &self.registry, &emitter.id, now);
            }
        });
        self.subscribers.tell(|| Happening::Emitter {
            id: emitter.id.clone(),
            state: Some(emitter.state),
        });
    }

    pub(super) fn gone(self: &Arc<Self>, id: &EmitterId) {
        self.registry.remove(id);
        self.schedule(|scheduler| scheduler.suspend(id, Instant::now()));
        self.subscribers.tell(|| Happening::Emitter {
            id: id.clone(),
            state: None,
        });
    }

    /// Reads all emitters from the store; returns the version of the table.
    pub(super) async fn refresh_registry(self: &Arc<Self>) -> Result<u64, Error> {
        let _alone = self.control.lock().await;
        let table = self.store.emitters().await?;
        for emitter in &table.emitters {
            self.found(emitter);
        }
        let kept: HashSet<&EmitterId> = table.emitters.iter().map(|emitter| &emitter.id).collect();
        for old in self.registry.all() {
            if !kept.contains(&old.id) {
                self.gone(&old.id);
            }
        }
        Ok(table.version)
    }
}

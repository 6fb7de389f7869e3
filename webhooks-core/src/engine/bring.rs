//! Bringing emitters to work.

use std::sync::Arc;

use tokio::time::Instant;

use super::{core::Engine, scheduler::Scheduler};
use crate::{
    emitter::{Emitter, EmitterId, Registry},
    observe,
    transport::parse_url,
};

impl Engine {
    /// Brings these emitters to work.
    pub(super) fn bring_all(self: &Arc<Self>, emitters: &[Arc<Emitter>]) {
        let now = Instant::now();
        self.schedule(|scheduler| {
            for emitter in emitters {
                bring(scheduler, &self.registry, &emitter.id, now);
            }
        });
    }

    /// Brings this one, where this node delivers.
    pub(super) fn bring_one(self: &Arc<Self>, emitter: &EmitterId) {
        if self.options.deliver {
            self.schedule(|scheduler| bring(scheduler, &self.registry, emitter, Instant::now()));
        }
    }
}

/// Brings an emitter to work, as the registry has it now: it is leased, and loaded from zero.
///
/// Whoever changes the registry tells the scheduler afterwards. What the caller remembers of an emitter may be
/// older, and would stay at work.
pub(super) fn bring(
    scheduler: &mut Scheduler,
    registry: &Registry,
    emitter: &EmitterId,
    now: Instant,
) {
    let emitter = registry.get(emitter.as_str());
    let Some(emitter) = emitter.filter(|emitter| emitter.state.is_active()) else {
        return;
    };
    if !scheduler.is_at_work(&emitter.id) {
        match parse_url(&emitter.url) {
            Ok(url) => scheduler.ensure(&emitter, &Arc::new(url)),
            // It was checked when the emitter was attached.
            Err(error) => {
                tracing::error!(target: observe::EMITTER, emitter = %emitter.id, %error, "an emitter cannot be started");
                return;
            }
        }
    }
    scheduler.want_load(&emitter.id, now);
}

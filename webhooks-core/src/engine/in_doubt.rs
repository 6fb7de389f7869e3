//! Appends of which nobody knows whether they were done.

use std::sync::Arc;

use super::{core::Engine, outgoing::Outgoing, pauses::Pauses};
use crate::{emitter::Emitter, store::Append};

/// An append whose answer was not heard, since its future was dropped or it failed: what it may
/// have stored is loaded.
pub(super) struct InDoubt<'a> {
    pub(super) engine: &'a Arc<Engine>,
    pub(super) events: &'a [Outgoing],
    pub(super) heard: Heard,
}

/// What was heard of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Its future was dropped: it may still be under way.
    Nothing,
    Error,
    Answer,
}

impl Drop for InDoubt<'_> {
    fn drop(&mut self) {
        if self.heard == Heard::Answer || !self.engine.options.deliver {
            return;
        }
        let targets = self.events.iter().flat_map(|event| &event.targets);
        let emitters: Vec<_> = targets.map(|target| target.emitter.clone()).collect();
        self.engine.bring_all(&emitters);
        if self.heard == Heard::Nothing {
            let batch = self.engine.batch(self.events);
            let ended = hear(self.engine.clone(), batch, emitters);
            self.engine.tasks.spawn(ended);
        }
    }
}

/// Waits for the end of an append that nobody waits for, and loads what it stored: a load that begins
/// before its end may miss it. The same messages sent again are answered once they are stored, and are
/// not stored twice.
async fn hear(engine: Arc<Engine>, batch: Append, emitters: Vec<Arc<Emitter>>) {
    let mut pauses = Pauses::new();
    while let Err(error) = engine.store.append(batch.clone()).await {
        if !error.is_retryable() {
            break;
        }
        pauses.wait().await;
    }
    engine.bring_all(&emitters);
}

//! Emitters whose receivers want no more.

use std::sync::Arc;

use super::{core::Engine, pauses::Pauses};
use crate::{
    emitter::{DisabledReason, Emitter},
    observe,
    store::{StateChange, StateOutcome},
};

/// Disables an emitter because of how its receiver answers; the store being away delays it only,
/// since the emitter's run is halted.
pub(super) async fn disable(engine: Arc<Engine>, emitter: Arc<Emitter>, reason: DisabledReason) {
    let mut pauses = Pauses::new();
    loop {
        let alone = engine.control.lock().await;
        let current = engine.registry.get(emitter.id.as_str());
        if current.is_none_or(|current| current.generation != emitter.generation) {
            return;
        }
        match engine
            .set_state(&emitter.id, StateChange::Disable(reason))
            .await
        {
            Ok(StateOutcome::Changed(emitter)) => return engine.changed(&emitter, "disabled"),
            Ok(StateOutcome::Unchanged(emitter)) => return engine.found(&emitter),
            Ok(StateOutcome::NotFound) => return,
            Err(error) => {
                tracing::warn!(target: observe::STORE, emitter = %emitter.id, %error, "an emitter could not be disabled; trying again");
            }
        }
        drop(alone);
        pauses.wait().await;
    }
}

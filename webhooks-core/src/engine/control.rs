//! Emitters that come, go, stop and start.

use std::sync::Arc;

use super::core::Engine;
use crate::{
    Error, ErrorKind,
    emitter::{Backlog, Emitter, EmitterConfig, EmitterId},
    event::EventPattern,
    observe,
    store::{Put, PutEmitter, PutOutcome, SetState, StateChange, StateOutcome},
};

/// Whether an upsert changed anything.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Upserted {
    /// There was no emitter with this ID.
    Created(Arc<Emitter>),
    /// Its configuration was replaced.
    Updated(Arc<Emitter>),
    /// Its configuration was the same.
    Unchanged(Arc<Emitter>),
}

impl Upserted {
    /// The emitter as it stands now.
    #[must_use]
    pub fn emitter(&self) -> &Arc<Emitter> {
        match self {
            Self::Created(emitter) | Self::Updated(emitter) | Self::Unchanged(emitter) => emitter,
        }
    }
}

impl Engine {
    pub(crate) async fn attach(
        self: &Arc<Self>,
        id: EmitterId,
        patterns: Vec<EventPattern>,
        config: EmitterConfig,
    ) -> Result<Arc<Emitter>, Error> {
        let emitter = self.checked(id, patterns, config)?;
        let _alone = self.control.lock().await;
        match self.put(emitter, Put::Attach).await? {
            PutOutcome::Created(emitter) => {
                self.changed(&emitter, "attached");
                Ok(emitter)
            }
            PutOutcome::Updated(other)
            | PutOutcome::Unchanged(other)
            | PutOutcome::Exists(other)
            | PutOutcome::TenantMismatch(other) => {
                self.found(&other);
                Err(exists(&other))
            }
        }
    }

    pub(crate) async fn upsert(
        self: &Arc<Self>,
        id: EmitterId,
        patterns: Vec<EventPattern>,
        config: EmitterConfig,
    ) -> Result<Upserted, Error> {
        let replace_keys = config.secret.is_some();
        let emitter = self.checked(id, patterns, config)?;
        let _alone = self.control.lock().await;
        if !replace_keys && let Some(old) = self.registry.get(emitter.id.as_str()) {
            // The keys stay, so the schemes must suit them.
            for key in old.keys() {
                emitter.settings.signing.validate(key.secret())?;
            }
        }
        match self.put(emitter, Put::Upsert { replace_keys }).await? {
            PutOutcome::Created(emitter) => {
                self.changed(&emitter, "attached");
                Ok(Upserted::Created(emitter))
            }
            PutOutcome::Updated(emitter) => {
                self.changed(&emitter, "changed");
                Ok(Upserted::Updated(emitter))
            }
            PutOutcome::Unchanged(emitter) => {
                self.found(&emitter);
                Ok(Upserted::Unchanged(emitter))
            }
            PutOutcome::Exists(other) => Err(exists(&other)),
            PutOutcome::TenantMismatch(other) => Err(Error::new(
                ErrorKind::TenantMismatch,
                format!(
                    "the tenant of emitter `{}` cannot change: detach it first",
                    other.id
                ),
            )),
        }
    }

    async fn put(&self, emitter: Emitter, put: Put) -> Result<PutOutcome, Error> {
        self.store
            .put_emitter(PutEmitter {
                emitter,
                put,
                now: self.wall(),
            })
            .await
    }

    /// Checks what can be checked before the store is asked.
    fn checked(
        &self,
        id: EmitterId,
        mut patterns: Vec<EventPattern>,
        config: EmitterConfig,
    ) -> Result<Emitter, Error> {
        config.validate()?;
        self.options.policy.check_url(&config.url)?;
        patterns.sort_unstable();
        patterns.dedup();
        if patterns.is_empty() {
            return Err(Error::new(
                ErrorKind::InvalidValue,
                format!("emitter `{id}` has no event pattern: expected at least one, such as `*`"),
            ));
        }
        let mut emitter = Emitter::new(id, patterns.into(), config, self.env());
        emitter.settings = self.shared.settings(emitter.settings);
        emitter.patterns = self.shared.patterns(emitter.patterns);
        Ok(emitter)
    }

    pub(crate) async fn detach(self: &Arc<Self>, id: &EmitterId) -> Result<(), Error> {
        let _alone = self.control.lock().await;
        let now = self.wall();
        let removed = self.store.remove_emitter(id.clone(), now).await?;
        if removed || self.registry.get(id.as_str()).is_some() {
            self.gone(id);
            tracing::info!(target: observe::EMITTER, emitter = %id, "detached");
        }
        Ok(())
    }

    /// Pauses; `None` for an unknown emitter.
    pub(crate) async fn pause(
        self: &Arc<Self>,
        id: &EmitterId,
        backlog: Backlog,
    ) -> Result<Option<Arc<Emitter>>, Error> {
        let _alone = self.control.lock().await;
        match self.set_state(id, StateChange::Pause(backlog)).await? {
            StateOutcome::Changed(emitter) => {
                self.changed(&emitter, "paused");
                Ok(Some(emitter))
            }
            StateOutcome::Unchanged(emitter) => {
                self.found(&emitter);
                Ok(Some(emitter))
            }
            StateOutcome::NotFound => Ok(None),
        }
    }

    pub(crate) async fn restart(self: &Arc<Self>, id: &EmitterId) -> Result<Arc<Emitter>, Error> {
        let _alone = self.control.lock().await;
        match self.set_state(id, StateChange::Restart).await? {
            StateOutcome::Changed(emitter) => {
                self.changed(&emitter, "restarted");
                Ok(emitter)
            }
            StateOutcome::Unchanged(emitter) => {
                self.found(&emitter);
                Err(Error::new(
                    ErrorKind::AlreadyRunning,
                    format!(
                        "emitter `{id}` is running: only a paused or disabled one can be restarted"
                    ),
                ))
            }
            StateOutcome::NotFound => Err(not_found(id)),
        }
    }

    pub(super) async fn set_state(
        &self,
        id: &EmitterId,
        change: StateChange,
    ) -> Result<StateOutcome, Error> {
        let now = self.wall();
        self.store
            .set_state(SetState {
                emitter: id.clone(),
                change,
                now,
            })
            .await
    }
}

fn exists(other: &Emitter) -> Error {
    if other.state.is_active() {
        return Error::new(
            ErrorKind::AlreadyExists,
            format!(
                "emitter `{}` is attached and running: detach it, or use upsert",
                other.id
            ),
        );
    }
    Error::new(
        ErrorKind::AlreadyPresent,
        format!(
            "emitter `{}` is attached, but {}: restart or detach it",
            other.id, other.state
        ),
    )
}

pub(super) fn not_found(id: &EmitterId) -> Error {
    Error::new(ErrorKind::NotFound, format!("no emitter has the ID `{id}`"))
}

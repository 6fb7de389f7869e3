//! Emitters that come, go, stop and start.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{bring::bring, core::Engine, watch::Happening};
use crate::{
    Error, ErrorKind,
    emitter::{Backlog, DisabledReason, Emitter, EmitterConfig, EmitterId},
    event::EventPattern,
    observe,
    store::{Put, PutEmitter, PutOutcome, SetState, StateChange, StateOutcome},
    transport::parse_url,
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

    async fn set_state(&self, id: &EmitterId, change: StateChange) -> Result<StateOutcome, Error> {
        let now = self.wall();
        self.store
            .set_state(SetState {
                emitter: id.clone(),
                change,
                now,
            })
            .await
    }

    /// Takes up an emitter as the store has it now.
    fn changed(self: &Arc<Self>, emitter: &Arc<Emitter>, what: &'static str) {
        tracing::info!(target: observe::EMITTER, emitter = %emitter.id, state = %emitter.state, "{what}");
        self.take_in(emitter);
    }

    /// Takes up an emitter that the store had so before: the answer to what changed it may have been
    /// lost.
    fn found(self: &Arc<Self>, emitter: &Arc<Emitter>) {
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

    fn gone(self: &Arc<Self>, id: &EmitterId) {
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

/// Disables an emitter because of how its receiver answers; the store being away delays it only,
/// since the emitter's run is halted.
pub(super) async fn disable(engine: Arc<Engine>, emitter: Arc<Emitter>, reason: DisabledReason) {
    let mut pause = Duration::from_millis(20);
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
        sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(5));
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

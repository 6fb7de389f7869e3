//! Attaching, changing and detaching.

use super::{
    both::Both,
    run::{Found, Run, heard, same},
    step::Pick,
};
use crate::{
    emitter::{Emitter, EmitterConfig},
    event::{EventPattern, Tenant},
    sign::Secret,
    store::{Put, PutEmitter, PutOutcome, SetState, StateChange, StateOutcome},
};

impl Run {
    pub(super) fn given(&self, emitter: Pick, config: u8, secret: u8, of_tenant: bool) -> Emitter {
        let secret = Secret::new(format!("secret-{secret}")).expect("a secret");
        let url = format!("https://receiver.example/{}", config % 2);
        let mut given = EmitterConfig::new(url)
            .expect("a URL")
            .secret(secret)
            .lanes(1 + u32::from(config));
        if of_tenant {
            given = given.tenant(tenant());
        }
        if config > 0 {
            given = given
                .header("x-config", config.to_string())
                .expect("a header");
        }
        let pattern = EventPattern::new(if config == 2 { "order.*" } else { "*" });
        let patterns = [pattern.expect("a pattern")].into();
        Emitter::new(Self::emitter_id(emitter), patterns, given, &self.world.env)
    }

    pub(super) async fn put(&mut self, emitter: Emitter, upsert: Option<bool>) -> Found {
        let put = PutEmitter {
            emitter,
            put: match upsert {
                None => Put::Attach,
                Some(replace_keys) => Put::Upsert { replace_keys },
            },
            now: self.now(),
        };
        let store = heard("put_emitter", self.world.store.put_emitter(put.clone())).await?;
        let model = self.model.put_emitter(put);
        self.cover("put_emitter", &model);
        let of_outcome = |outcome: &PutOutcome| match outcome {
            PutOutcome::Created(emitter) => ("created", emitter.clone()),
            PutOutcome::Updated(emitter) => ("updated", emitter.clone()),
            PutOutcome::Unchanged(emitter) => ("unchanged", emitter.clone()),
            PutOutcome::Exists(emitter) => ("exists", emitter.clone()),
            PutOutcome::TenantMismatch(emitter) => ("tenant mismatch", emitter.clone()),
        };
        let (store, model) = (of_outcome(&store), of_outcome(&model));
        same("put_emitter", &store.0, &model.0)?;
        self.same_emitter(&store.1, &model.1)
    }

    pub(super) async fn set_state(&mut self, emitter: Pick, change: StateChange) -> Found {
        let change = SetState {
            emitter: Self::emitter_id(emitter),
            change,
            now: self.now(),
        };
        let store = heard("set_state", self.world.store.set_state(change.clone())).await?;
        let model = self.model.set_state(change);
        self.cover("set_state", &model);
        match (&store, &model) {
            (StateOutcome::Changed(store), StateOutcome::Changed(model))
            | (StateOutcome::Unchanged(store), StateOutcome::Unchanged(model)) => {
                self.same_emitter(store, model)
            }
            (StateOutcome::NotFound, StateOutcome::NotFound) => Ok(()),
            (store, model) => Err(format!(
                "`set_state` differs\n  store: {store:?}\n  model: {model:?}"
            )),
        }
    }

    pub(super) async fn remove(&mut self, emitter: Pick) -> Found {
        let (id, now) = (Self::emitter_id(emitter), self.now());
        let store = self.world.store.remove_emitter(id.clone(), now);
        let store = heard("remove_emitter", store).await?;
        let model = self.model.remove_emitter(&id, now);
        self.detached.insert(id.clone());
        same("remove_emitter", &store, &model)?;
        self.give_back_of_lapsed(&id).await
    }

    /// All of it is the same, the generations up to their mapping.
    pub(super) fn same_emitter(&mut self, store: &Emitter, model: &Emitter) -> Found {
        let parts = |emitter: &Emitter| {
            (
                (emitter.id.clone(), emitter.tenant.clone()),
                emitter.url.clone(),
                emitter.patterns.clone(),
                emitter.settings.clone(),
                emitter.keys.clone(),
                emitter.state,
                (emitter.created_at, emitter.updated_at),
            )
        };
        same("emitter", &parts(store), &parts(model))?;
        let generation = Both {
            store: store.generation,
            model: model.generation,
        };
        let mapping = self.generations_of.entry(store.id.clone()).or_default();
        if !mapping.agrees(generation) {
            return Err(format!(
                "a generation does not grow as it should: {generation:?}"
            ));
        }
        let known = self.generations.entry(store.id.clone()).or_default();
        if !known.contains(&generation) {
            known.push(generation);
        }
        Ok(())
    }
}

pub(super) fn tenant() -> Tenant {
    Tenant::new("acme").expect("a tenant")
}

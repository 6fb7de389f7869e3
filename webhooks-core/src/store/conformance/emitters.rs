//! Attaching, replacing, reading and detaching.

use super::{World, world::emitter_id};
use crate::{
    emitter::{Backlog, EmitterState},
    event::Tenant,
    store::{EmitterStanding, Put, PutOutcome, StateChange, StateOutcome},
};

const UPSERT: Put = Put::Upsert {
    replace_keys: false,
};

pub async fn attached_emitters_are_listed(world: World) {
    let (a, b) = (world.attach("a").await, world.attach("b").await);
    let table = world.store.emitters().await.unwrap();
    let mut found: Vec<_> = table.emitters.iter().map(|emitter| emitter.id()).collect();
    found.sort_unstable();
    assert_eq!(found, [a.id(), b.id()]);
    assert_eq!(table.version, world.store.version().await.unwrap());
}

pub async fn an_emitter_comes_back_as_it_was_put(world: World) {
    let given = world.emitter("crm");
    let created = world.put(given.clone(), Put::Attach).await;
    assert!(matches!(created, PutOutcome::Created(_)), "{created:?}");
    let table = world.store.emitters().await.unwrap();
    let found = &table.emitters[0];
    assert_eq!(found.url(), given.url());
    assert_eq!(found.patterns(), given.patterns());
    assert_eq!(found.settings(), given.settings());
    assert_eq!(found.keys().len(), given.keys().len());
    assert_eq!(found.state(), EmitterState::Active);
    assert_eq!(found.created_at(), given.created_at());
}

pub async fn attach_leaves_what_is_there(world: World) {
    let first = world.attach("crm").await;
    let other = world.emitter_at("crm", "https://other.example/hooks");
    let version = world.store.version().await.unwrap();
    let PutOutcome::Exists(found) = world.put(other, Put::Attach).await else {
        panic!("the ID is taken");
    };
    assert_eq!(found.url(), first.url());
    assert_eq!(world.store.version().await.unwrap(), version);
}

pub async fn the_version_grows_with_every_change(world: World) {
    let mut last = world.store.version().await.unwrap();
    world.attach("crm").await;
    for step in 0..4 {
        let version = world.store.version().await.unwrap();
        assert!(version > last, "step {step}: {version} > {last}");
        last = version;
        match step {
            0 => drop(
                world
                    .changed("crm", StateChange::Pause(Backlog::Keep))
                    .await,
            ),
            1 => drop(world.changed("crm", StateChange::Restart).await),
            2 => {
                let other = world.emitter_at("crm", "https://other.example/");
                let updated = world.put(other, UPSERT).await;
                assert!(matches!(updated, PutOutcome::Updated(_)), "{updated:?}");
            }
            _ => assert!(world.detach("crm").await),
        }
    }
    assert!(world.store.version().await.unwrap() > last);
}

pub async fn upsert_creates_what_is_not_there(world: World) {
    let created = world.put(world.emitter("crm"), UPSERT).await;
    assert!(matches!(created, PutOutcome::Created(_)), "{created:?}");
}

pub async fn upsert_replaces_configuration_alone(world: World) {
    let first = world.attach("crm").await;
    let paused = world
        .changed("crm", StateChange::Pause(Backlog::Keep))
        .await;
    let other = world.emitter_at("crm", "https://other.example/hooks");
    let PutOutcome::Updated(updated) = world.put(other, UPSERT).await else {
        panic!("the URL is another one");
    };
    assert_eq!(updated.url(), "https://other.example/hooks");
    assert_eq!(updated.state(), paused.state());
    assert_eq!(updated.generation(), first.generation());
    assert_eq!(updated.created_at(), first.created_at());
    assert!(updated.updated_at() > paused.updated_at());
    assert!(paused.updated_at() > first.updated_at());
    assert!(updated.keys == first.keys, "the keys stay");
}

pub async fn upsert_of_the_same_changes_nothing(world: World) {
    let first = world.attach("crm").await;
    let version = world.store.version().await.unwrap();
    world.pass(std::time::Duration::from_secs(1));
    let PutOutcome::Unchanged(found) = world.put(world.emitter("crm"), UPSERT).await else {
        panic!("the configuration is the same");
    };
    assert_eq!(found.updated_at(), first.updated_at());
    assert_eq!(world.store.version().await.unwrap(), version);
}

pub async fn upsert_keeps_the_tenant(world: World) {
    world.attach("crm").await;
    let mut other = world.emitter("crm");
    other.tenant = Some(Tenant::new("acme").unwrap());
    let outcome = world.put(other, UPSERT).await;
    assert!(
        matches!(outcome, PutOutcome::TenantMismatch(_)),
        "{outcome:?}"
    );
}

pub async fn detach_of_an_unknown_emitter_finds_none(world: World) {
    assert!(!world.detach("crm").await);
    world.attach("crm").await;
    assert!(world.detach("crm").await);
    assert!(!world.detach("crm").await);
    assert!(world.store.emitters().await.unwrap().emitters.is_empty());
}

pub async fn a_change_of_an_unknown_emitter_finds_none(world: World) {
    let outcome = world.change("crm", StateChange::Restart).await;
    assert!(matches!(outcome, StateOutcome::NotFound), "{outcome:?}");
}

pub async fn standing_counts_what_is_pending(world: World) {
    let owner = world.owned("crm").await;
    let begin = world.now();
    world.emit(&owner).await;
    world.pass(std::time::Duration::from_secs(5));
    world.emit(&owner).await;
    let asked = vec![emitter_id("unknown"), emitter_id("crm")];
    let standing = world.store.standing(asked).await.unwrap();
    assert_eq!(standing[0], EmitterStanding::default());
    assert_eq!(standing[1].pending, 2);
    assert_eq!(standing[1].oldest_pending_at, Some(begin));
}

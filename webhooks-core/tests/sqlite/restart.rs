//! Emitters across a restart.

use std::time::Duration;

use webhooks_core::{
    Backlog, EmitterConfig, EmitterState, Jitter, RetryPolicy, Upserted, Webhooks, env::Env,
    sign::Secret, store::Store as _,
};

use crate::{Place, Receiver, builder, config, numbers, payload};

async fn start(place: &Place, receiver: &Receiver) -> Webhooks {
    let store = place.open().await;
    builder(store, receiver).build().await.unwrap()
}

async fn end(webhooks: Webhooks) {
    webhooks.shutdown(crate::PATIENCE).await.unwrap();
}

#[tokio::test]
async fn emitters_keep_their_states_and_queues() {
    let place = Place::new();
    let receiver = Receiver::new();
    let first = start(&place, &receiver).await;
    for id in ["active", "keeping", "discarding"] {
        first
            .attach(id, [format!("{id}.*")], config())
            .await
            .unwrap();
    }
    first.pause("keeping", Backlog::Keep).await.unwrap();
    first.pause("discarding", Backlog::Discard).await.unwrap();
    first.emit("keeping.a", &payload(1)).await.unwrap();
    let before = first.all_emitters();
    end(first).await;
    let second = start(&place, &receiver).await;
    let after = second.all_emitters();
    let states: Vec<EmitterState> = after.iter().map(|emitter| emitter.state()).collect();
    assert_eq!(
        states,
        [
            EmitterState::Active,
            EmitterState::Paused(Backlog::Discard),
            EmitterState::Paused(Backlog::Keep)
        ]
    );
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before.updated_at(), after.updated_at());
        assert_eq!(before.created_at(), after.created_at());
        assert_eq!(before.generation(), after.generation());
        assert_eq!(before.keys()[0].secret(), after.keys()[0].secret());
    }
    assert_eq!(
        second
            .emit("discarding.a", &payload(2))
            .await
            .unwrap()
            .deliveries,
        0
    );
    assert!(receiver.bodies().is_empty());
    second.restart("keeping").await.unwrap();
    assert_eq!(receiver.wait_for(1).await, numbers([1]));
}

/// Configurations whose numbers and texts are hard to write down.
fn configs() -> Vec<EmitterConfig> {
    let (short, long) = (Duration::from_millis(1), Duration::from_millis(86_399_999));
    let factors = [
        1.1,
        0.1 + 0.2 + 1.0,
        1.0 + f64::EPSILON,
        std::f64::consts::E,
    ];
    let jitters = [
        Jitter::Fraction(0.1 + 0.2),
        Jitter::Fraction(1e-9),
        Jitter::Fraction(0.0),
        Jitter::Full,
    ];
    let mut configs: Vec<EmitterConfig> = factors
        .into_iter()
        .zip(jitters)
        .map(|(factor, jitter)| {
            let retry = RetryPolicy::exponential(short, long)
                .factor(factor)
                .jitter(jitter);
            config()
                .retry(retry.give_up_on([422, 400, 404, 400]).max_age(long))
                .header("x-b", "with: a colon, é and \"quotes\"")
                .unwrap()
                .header("x-a", "1")
                .unwrap()
                .metadata("é", "\u{1F600} \\ \n")
                .metadata("k", "")
                .description("a \"text\" — with all\tsorts")
        })
        .collect();
    configs.push(config().retry(RetryPolicy::standard().jitter(Jitter::None)));
    configs.push(
        config()
            .disable_after(None)
            .lanes(1_024)
            .header_identifier("Acme"),
    );
    configs
}

#[tokio::test]
async fn an_upsert_of_the_same_at_every_start_changes_nothing() {
    let place = Place::new();
    let receiver = Receiver::new();
    let secret = Secret::generate(&Env::system());
    let with_secret = |config: &EmitterConfig, n: usize| match n % 2 {
        0 => config.clone().secret(secret.clone()),
        _ => config.clone(),
    };
    let mut seen = Vec::new();
    let mut version = None;
    for start_number in 0..3 {
        let store = place.open().await;
        let webhooks = builder(store.clone(), &receiver).build().await.unwrap();
        for (n, config) in configs().iter().enumerate() {
            let upserted = webhooks
                .upsert(
                    format!("crm-{n}"),
                    ["b", "a.*", "a.*"],
                    with_secret(config, n),
                )
                .await
                .unwrap();
            let emitter = upserted.emitter().clone();
            match upserted {
                Upserted::Created(_) if start_number == 0 => seen.push(emitter),
                Upserted::Unchanged(_) if start_number > 0 => {
                    assert_eq!(emitter.updated_at(), seen[n].updated_at());
                    assert_eq!(emitter.keys()[0].id(), seen[n].keys()[0].id());
                }
                other => panic!("{n} at start {start_number}: {other:?}"),
            }
        }
        let now = store.version().await.unwrap();
        assert_eq!(*version.get_or_insert(now), now);
        end(webhooks).await;
    }
    let webhooks = start(&place, &receiver).await;
    let changed = configs()[0].clone().header("x-a", "2").unwrap();
    let upserted = webhooks
        .upsert("crm-0", ["b", "a.*"], changed)
        .await
        .unwrap();
    assert!(matches!(upserted, Upserted::Updated(_)), "{upserted:?}");
    assert!(upserted.emitter().updated_at() > seen[0].updated_at());
}

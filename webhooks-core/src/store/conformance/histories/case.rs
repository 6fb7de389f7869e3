//! The case.

use std::{fmt::Write as _, str::FromStr, time::Duration};

use tokio::time::Instant;

use super::{
    draw::history,
    shrink::{run, shrink},
};
use crate::store::conformance::World;

const HISTORIES: u64 = 64;
const STEPS: usize = 60;
/// No further history begins after this time.
const PATIENCE: Duration = Duration::from_secs(5);

pub async fn random_histories_agree_with_the_model(world: World) {
    let begun = Instant::now();
    let (seeds, patience) = match (
        wanted("WEBHOOKS_CONFORMANCE_SEED"),
        wanted("WEBHOOKS_CONFORMANCE_SEEDS"),
    ) {
        (Some(seed), _) => (seed..seed + 1, None),
        (None, Some(count)) => (0..count, None),
        (None, None) => (0..HISTORIES, Some(PATIENCE)),
    };
    for seed in seeds {
        if patience.is_some_and(|patience| begun.elapsed() > patience) {
            return;
        }
        let steps = history(seed, STEPS);
        let Err(failure) = run(&world.factory, seed, &steps).await else {
            continue;
        };
        let failure = shrink(&world.factory, seed, failure).await;
        let mut shown = String::new();
        for (at, step) in failure.steps.iter().enumerate() {
            let _ = writeln!(shown, "  {at}: {step:?}");
        }
        panic!(
            "{}\nafter the last of these steps, or in the reading behind it:\n{shown}\
             replay with WEBHOOKS_CONFORMANCE_SEED={seed}",
            failure.difference
        );
    }
}

fn wanted<T: FromStr>(name: &str) -> Option<T> {
    std::env::var(name).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::*;
    use crate::store::{Store, conformance::StoreFactory, model::ModelStore};

    fn factory() -> Arc<dyn StoreFactory> {
        Arc::new(|| async { Arc::new(ModelStore::new()) as Arc<dyn Store> })
    }

    /// What a store can answer; there is no full queue among it, since a model has no bounds.
    const ANSWERS: [&str; 42] = [
        "append Duplicate",
        "append IdempotencyMismatch",
        "append Stored",
        "discard Discarded",
        "discard NotFound",
        "discard NotPending",
        "erase_payload false",
        "erase_payload true",
        "fate Stale",
        "fate Straight",
        "fate Withheld",
        "lease false",
        "lease true",
        "load NotOwner",
        "load Rows",
        "prune deliveries false",
        "prune deliveries true",
        "prune payloads false",
        "prune payloads true",
        "put_emitter Created",
        "put_emitter Exists",
        "put_emitter TenantMismatch",
        "put_emitter Unchanged",
        "put_emitter Updated",
        "redeliver EmitterGone",
        "redeliver NotFound",
        "redeliver PayloadErased",
        "redeliver Pending",
        "redeliver Queued",
        "renew Alive",
        "renew Dead",
        "replay false",
        "replay fresh false",
        "replay fresh true",
        "replay true",
        "set_state Changed",
        "set_state NotFound",
        "set_state Unchanged",
        "settle Fenced",
        "settle Gone",
        "settle Settled",
        "settle Superseded",
    ];

    #[tokio::test]
    async fn histories_come_to_every_answer() {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for seed in 0..4 * HISTORIES {
            let answers = run(&factory(), seed, &history(seed, STEPS)).await;
            let answers = answers.unwrap_or_else(|failure| panic!("{}", failure.difference));
            for (answer, count) in answers {
                *seen.entry(answer).or_default() += count;
            }
        }
        for answer in ANSWERS {
            assert!(seen.contains_key(answer), "{answer} is not in {seen:#?}");
        }
    }
}

//! Running a history, and cutting down one that fails.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::task::JoinSet;

use super::{run::Run, step::Step};
use crate::store::conformance::StoreFactory;

/// How often a history that fails is tried with fewer steps.
const TRIES: usize = 400;

/// Where and how store and model differ.
pub(super) struct Failure {
    /// The steps up to there.
    pub(super) steps: Vec<Step>,
    pub(super) difference: String,
}

/// Runs a history with a fresh store; returns what was answered.
pub(super) async fn run(
    factory: &Arc<dyn StoreFactory>,
    seed: u64,
    steps: &[Step],
) -> Result<BTreeMap<String, usize>, Failure> {
    let done = Arc::new(AtomicUsize::new(0));
    let (factory, of_task, counter) = (factory.clone(), steps.to_vec(), done.clone());
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut run = Run::new(factory, seed).await;
        for step in &of_task {
            run.step(step).await?;
            counter.fetch_add(1, Ordering::Relaxed);
        }
        run.audit().await?;
        Ok(run.seen)
    });
    let difference = match task.join_next().await {
        Some(Ok(Err(difference))) => difference,
        Some(Err(error)) => format!("a panic: {error}"),
        Some(Ok(Ok(seen))) => return Ok(seen),
        None => return Ok(BTreeMap::new()),
    };
    let failed_at = done.load(Ordering::Relaxed);
    Err(Failure {
        steps: steps.iter().take(failed_at + 1).cloned().collect(),
        difference,
    })
}

/// Leaves out steps for as long as it fails without them.
pub(super) async fn shrink(
    factory: &Arc<dyn StoreFactory>,
    seed: u64,
    mut failure: Failure,
) -> Failure {
    let mut tries = 0;
    let mut part = failure.steps.len() / 2;
    while part > 0 {
        let mut at = 0;
        while at < failure.steps.len() && tries < TRIES {
            tries += 1;
            let mut fewer = failure.steps.clone();
            fewer.drain(at..(at + part).min(fewer.len()));
            match run(factory, seed, &fewer).await {
                Err(found) => failure = found,
                Ok(_) => at += part,
            }
        }
        part /= 2;
    }
    failure
}

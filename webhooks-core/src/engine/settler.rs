//! Hands the outcomes of attempts to the store, many at once.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::timeout};

use super::{core::Engine, pauses::Pauses};
use crate::{
    emitter::EmitterId,
    observe,
    store::{Epoch, Health, Settle, SettleOutcome, Settlement, Verdict},
};

const MAX_BATCH: usize = 1_024;
/// So long more outcomes are waited for: nobody waits for the first, and a commit costs the same for
/// many.
const GATHER: Duration = Duration::from_millis(2);
/// So many are worth a commit at once.
const ENOUGH: usize = 256;

/// What waits for the store.
#[derive(Debug, Default)]
pub(crate) struct Settler {
    waiting: Mutex<Waiting>,
    wanted: Notify,
    enough: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    settlements: Vec<Settlement>,
    /// The latest of each emitter.
    health: BTreeMap<EmitterId, (Epoch, Health)>,
    /// The task has been woken and not yet found nothing.
    awake: bool,
}

impl Settler {
    /// Puts an outcome in.
    pub(super) fn put(&self, settlement: Settlement, health: Option<Health>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(health) = health {
            waiting
                .health
                .insert(settlement.key.emitter.clone(), (settlement.epoch, health));
        }
        waiting.settlements.push(settlement);
        if waiting.settlements.len() == ENOUGH {
            self.enough.notify_one();
        }
        if !std::mem::replace(&mut waiting.awake, true) {
            self.wanted.notify_one();
        }
    }

    /// The next batch, if anything waits.
    fn take(&self, engine: &Engine) -> Option<Settle> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.settlements.is_empty() {
            waiting.awake = false;
            return None;
        }
        let count = waiting.settlements.len().min(MAX_BATCH);
        let rest = waiting.settlements.split_off(count);
        let settlements = std::mem::replace(&mut waiting.settlements, rest);
        let health = std::mem::take(&mut waiting.health);
        Some(Settle {
            node: engine.node(),
            settlements,
            health: health
                .into_iter()
                .map(|(id, (epoch, health))| (id, epoch, health))
                .collect(),
            now: engine.wall(),
        })
    }
}

pub(super) async fn run(engine: Arc<Engine>) {
    let settler = &engine.settler;
    loop {
        settler.wanted.notified().await;
        loop {
            // What was enough for an earlier batch cuts the wait short, and does no harm.
            let _ = timeout(GATHER, settler.enough.notified()).await;
            let Some(batch) = settler.take(&engine) else {
                break;
            };
            settle(&engine, batch).await;
        }
    }
}

/// Settles a batch. The store being away changes no outcome: it is told again until it has it.
async fn settle(engine: &Arc<Engine>, batch: Settle) {
    let mut pauses = Pauses::new();
    let outcomes = loop {
        match engine.store.settle(batch.clone()).await {
            Ok(outcomes) => break outcomes,
            Err(error) => {
                tracing::warn!(
                    target: observe::STORE,
                    %error,
                    waiting = batch.settlements.len(),
                    "outcomes could not be settled; trying again",
                );
                pauses.wait().await;
            }
        }
    };
    let now = engine.now().instant;
    engine.schedule(|scheduler| {
        for (settlement, outcome) in batch.settlements.iter().zip(outcomes) {
            let Settlement {
                key,
                seq,
                epoch,
                verdict,
                ..
            } = settlement;
            match outcome {
                SettleOutcome::Settled => {
                    let pending = matches!(verdict, Verdict::Retry(_));
                    scheduler.settled(&key.emitter, *seq, pending, now);
                }
                SettleOutcome::Superseded | SettleOutcome::Gone => {
                    scheduler.settled(&key.emitter, *seq, false, now);
                    // It may wait for another attempt that nobody wants any more.
                    scheduler.remove(&key.emitter, *seq, now);
                }
                SettleOutcome::Fenced => scheduler.fenced(&key.emitter, *epoch),
            }
        }
    });
}

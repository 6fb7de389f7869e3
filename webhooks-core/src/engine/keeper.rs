//! What recurs: emitters that changed elsewhere, work that nobody has taken,
//! leases of idle emitters, and what may be forgotten.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep};

use super::{bring::bring, core::Engine};
use crate::{
    Error, observe,
    store::{IDEMPOTENCY_LIFETIME, Lease, LeaseRequest, Prune},
};

const TICK: Duration = Duration::from_secs(1);
/// So seldom that it costs nothing, so often that what a dead node owned is taken over 15 s after its
/// last renewal at the latest, 12 s of which it may come back in.
const SWEEP_EVERY: u64 = 2;
const PRUNE_EVERY: u64 = 60;
/// A lease is given back after a minute without work, at the sweep before it.
const IDLE: Duration = Duration::from_secs(55);
const PRUNE_BATCH: usize = 1_000;
const SWEEP_BATCH: usize = 1_000;
/// Between one full sweep and the next.
const BREATH: Duration = Duration::from_millis(50);

pub(super) async fn run(engine: Arc<Engine>) {
    let mut ticks = interval_at(Instant::now() + TICK, TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut version = None;
    let mut tick = 0_u64;
    loop {
        ticks.tick().await;
        tick += 1;
        if let Err(error) = keep(&engine, tick, &mut version).await {
            tracing::warn!(target: observe::STORE, %error, "the store does not answer");
        }
    }
}

/// Looks for work once, out of turn.
pub(super) async fn look(engine: Arc<Engine>) {
    if let Err(error) = sweep(&engine).await {
        tracing::warn!(target: observe::STORE, %error, "what is pending could not be looked for");
    }
}

async fn keep(engine: &Arc<Engine>, tick: u64, version: &mut Option<u64>) -> Result<(), Error> {
    if *version != Some(engine.store.version().await?) {
        *version = Some(engine.refresh_registry().await?);
    }
    if tick.is_multiple_of(PRUNE_EVERY) {
        let now = engine.wall();
        let prune = Prune {
            settled_before: now.saturating_sub(engine.options.retention),
            payloads_before: engine
                .options
                .payload_retention
                .map(|retention| now.saturating_sub(retention)),
            idempotency_before: now.saturating_sub(IDEMPOTENCY_LIFETIME),
            limit: PRUNE_BATCH,
            now,
        };
        while engine.store.prune(prune).await?.more {
            tokio::task::yield_now().await;
        }
    }
    if engine.options.deliver && tick.is_multiple_of(SWEEP_EVERY) {
        give_back_idle(engine).await?;
        sweep(engine).await?;
    }
    Ok(())
}

/// Gives back the leases of what is idle, and of what was stopped while it was being leased.
async fn give_back_idle(engine: &Arc<Engine>) -> Result<(), Error> {
    let retired = engine.scheduler().retire_idle(IDLE, Instant::now());
    if retired.is_empty() {
        return Ok(());
    }
    // Where it fails, the store may have them back all the same, or will have: it is told again.
    let given = engine.store.give_back(engine.node(), retired.clone());
    given.await?;
    engine.schedule(|scheduler| scheduler.given_back(&retired));
    Ok(())
}

/// Whether a sweep found all that there was.
pub(super) enum Swept {
    All,
    /// There may be more.
    Some,
}

/// Takes emitters with work that nobody alive owns, and reloads those that others appended to.
pub(super) async fn sweep(engine: &Arc<Engine>) -> Result<Swept, Error> {
    if !engine.life.may_take(Instant::now()) {
        return Ok(Swept::All);
    }
    let leases = lease_any(engine, false, SWEEP_BATCH).await?;
    let swept = if leases.len() < SWEEP_BATCH {
        Swept::All
    } else {
        Swept::Some
    };
    take_leases(engine, leases).await?;
    if engine.life.recounts(Instant::now()) {
        let mut all = lease_any(engine, true, usize::MAX).await?;
        {
            let scheduler = engine.scheduler();
            all.retain(|lease| !scheduler.knows_owned(&lease.emitter));
        }
        take_leases(engine, all).await?;
    }
    Ok(swept)
}

async fn lease_any(engine: &Arc<Engine>, recount: bool, limit: usize) -> Result<Vec<Lease>, Error> {
    let request = LeaseRequest {
        node: engine.node(),
        emitters: None,
        recount,
        limit,
        now: engine.wall(),
    };
    engine.lease(request).await
}

/// Brings leased emitters to work.
async fn take_leases(engine: &Arc<Engine>, leases: Vec<Lease>) -> Result<(), Error> {
    let is_active = |lease: &Lease| {
        let emitter = engine.registry.get(lease.emitter.as_str());
        emitter.filter(|emitter| emitter.state.is_active())
    };
    let refreshed = if leases.iter().all(|lease| is_active(lease).is_some()) {
        Ok(())
    } else {
        // The store grants what is active only: it was changed elsewhere. Where that cannot be heard of now,
        // the lease is given back, and must be known of for that.
        engine.refresh_registry().await.map(drop)
    };
    let now = engine.now();
    engine.schedule(|scheduler| {
        for lease in &leases {
            bring(scheduler, &engine.registry, &lease.emitter, now.instant);
        }
        // At once: another request for it may be on its way, and its answer be of a time before this.
        let emitters: Vec<_> = leases.iter().map(|lease| lease.emitter.clone()).collect();
        scheduler.leased(&emitters, leases, now);
    });
    refreshed
}

/// Sweeps for what the last process left, and then whenever others may have appended.
pub(super) async fn follow(engine: Arc<Engine>) {
    let mut seen = 0;
    loop {
        let start = Instant::now();
        let followed = match sweep(&engine).await {
            Ok(Swept::All) => {
                // Where others append all the time, no more than half of it is spent on sweeps.
                sleep(start.elapsed().min(TICK)).await;
                engine.store.changed(seen).await.map(|count| seen = count)
            }
            Ok(Swept::Some) => {
                // What was taken is loaded first.
                sleep(BREATH).await;
                Ok(())
            }
            Err(error) => Err(error),
        };
        if let Err(error) = followed {
            tracing::warn!(target: observe::STORE, %error, "changes in the store cannot be followed; trying again");
            sleep(TICK).await;
        }
    }
}

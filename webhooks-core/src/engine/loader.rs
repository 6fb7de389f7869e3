//! Leases emitters with work, and brings their backlogs into memory.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{core::Engine, pauses::Pauses, scheduler::LoadOrder};
use crate::{
    Error, observe,
    store::{LeaseRequest, Load},
};

/// So many emitters are loaded with one call.
const BATCH: usize = 64;
/// How often it is asked again whether anything may be leased, after the store was away.
const RECOVERING: Duration = Duration::from_millis(100);

pub(super) async fn run(engine: Arc<Engine>) {
    let mut pauses = Pauses::new();
    loop {
        let wanted = engine.scheduler().wants_loader();
        if !wanted {
            engine.load_wanted.notified().await;
        }
        match round(&engine).await {
            Ok(()) => pauses = Pauses::new(),
            Err(error) => {
                tracing::warn!(target: observe::STORE, %error, "a backlog could not be loaded; trying again");
                pauses.wait().await;
            }
        }
    }
}

async fn round(engine: &Arc<Engine>) -> Result<(), Error> {
    let mut wanted = engine.scheduler().leases_wanted();
    if !wanted.is_empty() && !engine.life.may_take(Instant::now()) {
        sleep(RECOVERING).await;
        wanted.clear();
    }
    if !wanted.is_empty() {
        let request = LeaseRequest {
            node: engine.node(),
            recount: false,
            limit: wanted.len(),
            emitters: Some(wanted.clone()),
            now: engine.wall(),
        };
        let leases = engine.lease(request).await?;
        let now = engine.now();
        engine.schedule(|scheduler| scheduler.leased(&wanted, leases, now));
    }
    let orders = engine.scheduler().begin_loads(BATCH);
    if orders.is_empty() {
        return Ok(());
    }
    let loads = orders.iter().map(|order| load(engine, order)).collect();
    match engine.store.load(loads).await {
        Ok(loaded) => {
            let now = engine.now();
            engine.schedule(|scheduler| {
                for (order, loaded) in orders.iter().zip(loaded) {
                    scheduler.loaded(order, loaded, now);
                }
            });
            Ok(())
        }
        Err(error) => {
            let now = engine.now().instant;
            let mut scheduler = engine.scheduler();
            orders
                .iter()
                .for_each(|order| scheduler.load_failed(order, now));
            Err(error)
        }
    }
}

fn load(engine: &Engine, order: &LoadOrder) -> Load {
    Load {
        node: engine.node(),
        emitter: order.emitter.clone(),
        epoch: order.epoch,
        after: order.scan.after,
        lanes: order.lanes,
        only: order.scan.only.clone(),
        limit: order.rows,
        max_bytes: order.bytes,
        now: engine.wall(),
    }
}

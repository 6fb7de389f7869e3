//! The end, in order.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep_until};

use super::core::Engine;
use crate::{Error, ErrorKind};

/// How often the end is looked for: attempts that end tell nobody but the store.
const LOOK: Duration = Duration::from_millis(5);

/// What a shutdown left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Deliveries that are pending in the store. Over a store that persists, they go out after the
    /// next start.
    pub pending: u64,
    /// Attempts that were in flight when the grace ended, and were cut: their outcome is unknown.
    pub cut: usize,
}

/// Whether events are accepted.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    closed: AtomicBool,
}

impl Gate {
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Error::new(
                ErrorKind::ShuttingDown,
                "the service is shutting down: no event is accepted any more",
            ));
        }
        Ok(())
    }
}

impl Engine {
    /// Ends live streams.
    pub(crate) fn begin_shutdown(&self) {
        self.subscribers.close();
    }

    pub(crate) async fn shutdown(
        self: &Arc<Self>,
        grace: Duration,
    ) -> Result<ShutdownReport, Error> {
        let deadline = Instant::now() + grace;
        self.begin_shutdown();
        self.gate.closed.store(true, Ordering::Release);
        if self.store.is_persistent() {
            self.scheduler().stop_all();
        } else {
            // What is lost with the process is delivered while there is time.
            let done = |engine: &Self| {
                let scheduler = engine.scheduler();
                scheduler.in_flight() == 0 && !scheduler.has_work_until(deadline)
            };
            self.wait_until(deadline, done).await;
            self.scheduler().stop_all();
        }
        self.wait_until(deadline, |engine| engine.scheduler().in_flight() == 0)
            .await;
        let cut = self.scheduler().in_flight();
        // The outcomes of what has ended are written down even where the grace is over.
        let settled = |engine: &Self| engine.scheduler().unsettled() == 0;
        self.wait_until(
            deadline.max(Instant::now() + Duration::from_secs(1)),
            settled,
        )
        .await;
        self.workers.end().await;
        self.tasks.end().await;
        let leases = self.scheduler().all_leases();
        let pending = self.pending().await?;
        if !leases.is_empty() {
            self.store.give_back(self.node(), leases).await?;
        }
        Ok(ShutdownReport { pending, cut })
    }

    async fn wait_until(&self, deadline: Instant, done: impl Fn(&Self) -> bool) {
        while !done(self) {
            let now = Instant::now();
            if now >= deadline {
                return;
            }
            sleep_until(deadline.min(now + LOOK)).await;
        }
    }

    /// How many deliveries are pending in the store.
    pub(crate) async fn pending(&self) -> Result<u64, Error> {
        let ids = self
            .registry
            .all()
            .iter()
            .map(|emitter| emitter.id.clone())
            .collect();
        let standing = self.store.standing(ids).await?;
        Ok(standing.iter().map(|standing| standing.pending).sum())
    }
}

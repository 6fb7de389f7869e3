//! Backlogs that are wanted, and what the store brought.

use tokio::time::Instant;

use super::{Now, Scheduler, job::entry_of};
use crate::{
    emitter::EmitterId,
    engine::run::{RunId, Scan},
    store::{Epoch, Loaded},
};

/// A page of a load, to be asked of the store.
#[derive(Debug)]
pub(crate) struct LoadOrder {
    run: RunId,
    pub(crate) emitter: EmitterId,
    pub(crate) epoch: Epoch,
    pub(crate) lanes: u32,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) scan: Scan,
}

impl Scheduler {
    /// Begins the loads that are wanted, in the order in which they came to be.
    pub(crate) fn begin_loads(&mut self, limit: usize) -> Vec<LoadOrder> {
        let mut orders = Vec::new();
        while orders.len() < limit
            && let Some(id) = self.to_load.pop()
        {
            let Some(run) = self.runs.get_mut(&id).filter(|run| run.needs_load()) else {
                continue;
            };
            let Some(epoch) = run.epoch() else { continue };
            let (emitter, lanes) = (run.emitter.id.clone(), run.emitter.settings.lanes);
            let scan = run.begin_load();
            let (rows, bytes) = run.page(&scan);
            orders.push(LoadOrder {
                run: id,
                emitter,
                epoch,
                lanes,
                rows,
                bytes,
                scan,
            });
        }
        orders
    }

    /// What a load brought.
    pub(crate) fn loaded(&mut self, order: &LoadOrder, loaded: Loaded, now: Now) {
        let Some(run) = self.runs.get_mut(&order.run) else {
            return;
        };
        match loaded {
            Loaded::Rows { rows, more } => {
                let entries = rows.into_iter().map(|row| entry_of(row, now)).collect();
                run.loaded(&order.scan, entries, more);
                self.reschedule(order.run, now.instant);
            }
            // What the mark is about may lie before what was asked for: all is loaded anew.
            Loaded::Marked => self.load_failed(order, now.instant),
            Loaded::NotOwner => self.lease_anew(order.run),
        }
    }

    /// A load failed: the store is away.
    pub(crate) fn load_failed(&mut self, order: &LoadOrder, now: Instant) {
        if let Some(run) = self.runs.get_mut(&order.run) {
            run.load_failed();
            self.reschedule(order.run, now);
        }
    }
}

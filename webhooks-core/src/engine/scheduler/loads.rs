//! Leases and backlogs that are wanted, and what the store brought.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{Now, Scheduler, job::entry_of};
use crate::{
    emitter::EmitterId,
    engine::{
        cool_down::CoolDown,
        run::{Ownership, RunId, Scan},
    },
    store::{Epoch, Lease, Loaded},
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
    /// The emitters to be leased.
    pub(crate) fn leases_wanted(&self) -> Vec<EmitterId> {
        self.to_lease.iter().cloned().collect()
    }

    /// The store leased these of those that were asked for; the others are somebody else's. Returns what
    /// nobody wants any more.
    pub(crate) fn leased(
        &mut self,
        asked: &[EmitterId],
        leases: Vec<Lease>,
        now: Now,
    ) -> Vec<Lease> {
        let mut unwanted = Vec::new();
        let mut granted: HashMap<EmitterId, Lease> = leases
            .into_iter()
            .map(|lease| (lease.emitter.clone(), lease))
            .collect();
        for emitter in asked {
            self.to_lease.remove(emitter);
            let Some(run) = self.run_of(emitter) else {
                unwanted.extend(granted.remove(emitter));
                continue;
            };
            if run.ownership != Ownership::Wanted {
                continue;
            }
            match granted.remove(emitter) {
                Some(lease) => {
                    run.ownership = Ownership::Held(lease.epoch);
                    run.cool_down = CoolDown::restore(lease.health, now.instant, now.wall);
                    run.want_load();
                    let id = run.id;
                    self.reschedule(id, now.instant);
                }
                None => self.drop_run(emitter),
            }
        }
        unwanted
    }

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

    /// The leases of emitters that have been idle for `after`, or are suspended, to be given back.
    pub(crate) fn retire_idle(&mut self, after: Duration, now: Instant) -> Vec<(EmitterId, Epoch)> {
        let mut retired = Vec::new();
        for run in self.runs.values_mut() {
            let epoch = match run.ownership {
                Ownership::Held(epoch) => epoch,
                // It was not heard that the store has it: till then it may not be leased again.
                Ownership::GivingBack(epoch) => {
                    retired.push((run.emitter.id.clone(), epoch));
                    continue;
                }
                Ownership::Wanted => continue,
            };
            if !run.is_idle() {
                run.idle_since = None;
            } else if run.is_suspended()
                || now.duration_since(*run.idle_since.get_or_insert(now)) >= after
            {
                run.ownership = Ownership::GivingBack(epoch);
                retired.push((run.emitter.id.clone(), epoch));
            }
        }
        retired.sort_unstable();
        retired
    }

    /// The store has these leases back; what was emitted meanwhile asks for a new one.
    pub(crate) fn given_back(&mut self, emitters: &[(EmitterId, Epoch)]) {
        for (emitter, _) in emitters {
            let Some(run) = self.run_of(emitter) else {
                continue;
            };
            if !matches!(run.ownership, Ownership::GivingBack(_)) {
                continue;
            }
            if run.is_idle() {
                self.drop_run(emitter);
            } else {
                run.ownership = Ownership::Wanted;
                self.to_lease.insert(emitter.clone());
            }
        }
    }

    /// All leases, to be given back at the end.
    pub(crate) fn all_leases(&self) -> Vec<(EmitterId, Epoch)> {
        let mut leases: Vec<_> = self
            .runs
            .values()
            .filter_map(|run| Some((run.emitter.id.clone(), run.epoch()?)))
            .collect();
        leases.sort_unstable();
        leases
    }
}

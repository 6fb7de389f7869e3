//! Leases that are wanted, taken and given back.

use std::{collections::HashMap, time::Duration};

use tokio::time::Instant;

use super::{Now, Scheduler};
use crate::{
    emitter::EmitterId,
    engine::{cool_down::CoolDown, run::Ownership},
    store::{Epoch, Lease},
};

impl Scheduler {
    /// The emitters to be leased.
    pub(crate) fn leases_wanted(&self) -> Vec<EmitterId> {
        let is_free = |emitter: &&EmitterId| !self.returning.contains_key(*emitter);
        self.to_lease.iter().filter(is_free).cloned().collect()
    }

    /// The store leased these of those that were asked for; the others are somebody else's. What nobody wants
    /// any more is given back.
    pub(crate) fn leased(&mut self, asked: &[EmitterId], leases: Vec<Lease>, now: Now) {
        let mut granted: HashMap<EmitterId, Lease> = leases
            .into_iter()
            .map(|lease| (lease.emitter.clone(), lease))
            .collect();
        for emitter in asked {
            // What is on its way back is not taken before the store has it: the call would end a new lease.
            if self.returning.contains_key(emitter) {
                continue;
            }
            self.to_lease.remove(emitter);
            let Some(run) = self.run_of(emitter) else {
                let lease = granted.remove(emitter).map(|lease| lease.epoch);
                self.returning
                    .extend(lease.map(|epoch| (emitter.clone(), epoch)));
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
    }

    /// Whether this is known to be the node's. One that it waits for may be: the answer that it waits for may be
    /// older than the lease.
    pub(crate) fn knows_owned(&self, emitter: &EmitterId) -> bool {
        let run = self
            .by_emitter
            .get(emitter)
            .and_then(|id| self.runs.get(id));
        run.is_some_and(|run| run.ownership != Ownership::Wanted)
    }

    /// The leases of emitters that have been idle for `after`, or are suspended, to be given back.
    pub(crate) fn retire_idle(&mut self, after: Duration, now: Instant) -> Vec<(EmitterId, Epoch)> {
        let returning = self.returning.iter();
        let mut retired: Vec<_> = returning.map(|(id, epoch)| (id.clone(), *epoch)).collect();
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
        for (emitter, epoch) in emitters {
            if self.returning.get(emitter) == Some(epoch) {
                self.returning.remove(emitter);
            }
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
            .chain(
                self.returning
                    .iter()
                    .map(|(id, epoch)| (id.clone(), *epoch)),
            )
            .collect();
        leases.sort_unstable();
        leases
    }
}

//! Calls in which a planted bug may do its harm, and what is taken down of them.

use webhooks_core::{
    Error,
    store::{Append, Appended, Fate, Lease, LeaseRequest, Load, Loaded, Settle, SettleOutcome},
};

use crate::{bug::Bug, store::SimStore};

impl SimStore {
    /// Whether this process has the bug, and it shows now.
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug) && self.world.draw(|chance| !chance.one_in(3))
    }

    /// A batch as it would be of whoever owns the emitters.
    fn as_owner(&self, batch: &Settle) -> Vec<Settle> {
        let owners = self.ledger.owners.lock().unwrap();
        let one = |settlement: &webhooks_core::store::Settlement| {
            let mut settlement = settlement.clone();
            let owner = owners.get(&settlement.key.emitter);
            let (node, epoch) = owner.copied().unwrap_or((batch.node, settlement.epoch));
            settlement.epoch = epoch;
            Settle {
                node,
                settlements: vec![settlement],
                health: Vec::new(),
                now: batch.now,
            }
        };
        batch.settlements.iter().map(one).collect()
    }

    pub(crate) async fn settle_all(&self, batch: Settle) -> Result<Vec<SettleOutcome>, Error> {
        if self.has(Bug::OutcomesAreLost) {
            return Ok(vec![SettleOutcome::Settled; batch.settlements.len()]);
        }
        let outcomes = if self.bug == Some(Bug::NoEpochs) {
            let mut outcomes = Vec::new();
            for one in self.as_owner(&batch) {
                outcomes.extend(self.inner.settle(one).await?);
            }
            outcomes
        } else {
            self.inner.settle(batch.clone()).await?
        };
        self.settled(&batch, &outcomes);
        self.count(0).await;
        Ok(outcomes)
    }

    pub(crate) async fn append_all(&self, mut batch: Append) -> Result<Vec<Appended>, Error> {
        if self.has(Bug::NewcomersAreForgotten) {
            for new in &mut batch.messages {
                new.deliveries.truncate(1);
            }
        }
        let mut appended = self.inner.append(batch.clone()).await?;
        let queued = self.append_seen(&batch, &appended);
        self.count(queued).await;
        if self.bug == Some(Bug::MarksAreIgnored) {
            for appended in &mut appended {
                let Appended::Stored(stored) = appended else {
                    continue;
                };
                for row in &mut stored.rows {
                    if row.fate == Fate::Withheld {
                        row.fate = Fate::Straight;
                    }
                }
            }
        }
        Ok(appended)
    }

    pub(crate) async fn lease_all(&self, request: LeaseRequest) -> Result<Vec<Lease>, Error> {
        if let (true, Some(emitters)) = (self.has(Bug::LeasesAreStolen), &request.emitters) {
            let owners = self.ledger.owners.lock().unwrap().clone();
            for emitter in emitters {
                if let Some((node, epoch)) = owners.get(emitter) {
                    let lease = vec![(emitter.clone(), *epoch)];
                    self.inner.give_back(*node, lease).await?;
                }
            }
        }
        let node = request.node;
        let leases = self.inner.lease(request).await?;
        self.leased(node, &leases);
        Ok(leases)
    }

    pub(crate) async fn load_all(&self, mut loads: Vec<Load>) -> Result<Vec<Loaded>, Error> {
        for load in &mut loads {
            load.limit = load.limit.min(self.world.plan().page);
        }
        let mut loaded = self.inner.load(loads.clone()).await?;
        for (load, loaded) in loads.iter().zip(&mut loaded) {
            if let Loaded::Rows { rows, more } = &*loaded {
                let seqs: Vec<u64> = rows.iter().map(|row| row.seq).collect();
                let traced = (
                    "load",
                    self.process,
                    &load.emitter,
                    load.after,
                    &load.only,
                    seqs,
                    more,
                );
                self.world.record(traced, |_| ());
            }
            match loaded {
                Loaded::Marked => self.world.cover("marked"),
                Loaded::NotOwner => self.world.cover("not the owner"),
                Loaded::Rows { rows, .. } => {
                    if self.has(Bug::LoadsSkipTheOldest) && rows.len() > 1 {
                        rows.remove(0);
                    }
                    let mut before = self.ledger.loaded.lock().unwrap();
                    if self.has(Bug::LoadsBringTheSettled)
                        && let Some(row) = before.remove(&load.emitter)
                    {
                        rows.insert(0, row);
                    }
                    if let Some(row) = rows.first() {
                        before.insert(load.emitter.clone(), row.clone());
                    }
                }
            }
        }
        Ok(loaded)
    }
}

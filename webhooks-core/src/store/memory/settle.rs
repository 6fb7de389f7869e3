//! Writing down what became of attempts.

use super::{row::Standing, state::State};
use crate::{
    env::Timestamp,
    store::{NodeId, Settle, SettleOutcome, Settlement, Verdict},
};

impl State {
    pub(super) fn settle(&mut self, batch: Settle) -> Vec<SettleOutcome> {
        let Settle {
            node,
            settlements,
            health,
            now,
        } = batch;
        let outcomes = settlements
            .into_iter()
            .map(|settlement| self.settle_one(node, settlement, now))
            .collect();
        for (emitter, epoch, health) in health {
            if let Some(queue) = self.queues.get_mut(&emitter)
                && queue.is_owner(node, epoch)
                && queue.emitter.is_some()
            {
                queue.health = health;
            }
        }
        self.evict();
        outcomes
    }

    fn settle_one(
        &mut self,
        node: NodeId,
        settlement: Settlement,
        now: Timestamp,
    ) -> SettleOutcome {
        let Settlement {
            key,
            seq,
            epoch,
            attempt,
            verdict,
        } = settlement;
        let queue = self.queues.get_mut(&key.emitter);
        let Some(queue) = queue.filter(|queue| queue.is_owner(node, epoch)) else {
            return SettleOutcome::Fenced;
        };
        let Some(entry) = self.messages.get_mut(&key.message_id) else {
            return SettleOutcome::Gone;
        };
        let Some(at) = entry.position(&key.emitter) else {
            return SettleOutcome::Gone;
        };
        let row = &mut entry.rows[at];
        if row.has(&attempt) {
            return if row.seq == seq && row.standing.agrees_with(&verdict) {
                SettleOutcome::Settled
            } else {
                SettleOutcome::Superseded
            };
        }
        self.log.record(row, attempt);
        if !row.is_pending() || row.seq != seq {
            if verdict == Verdict::Delivered && matches!(row.standing, Standing::Discarded(_)) {
                self.log.close(entry, at, Standing::Delivered, now);
            }
            return SettleOutcome::Superseded;
        }
        let to = match verdict {
            Verdict::Retry(progress) => {
                row.progress = progress;
                return SettleOutcome::Settled;
            }
            Verdict::Delivered => Standing::Delivered,
            Verdict::Dead(reason) => Standing::Dead(reason),
        };
        queue.pending.remove(&seq);
        self.log.close(entry, at, to, now);
        SettleOutcome::Settled
    }
}

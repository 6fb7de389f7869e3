//! Writing down what became of attempts.

use super::{Model, state::dead};
use crate::{
    delivery::DeliveryState,
    env::Timestamp,
    store::{NodeId, Settle, SettleOutcome, Settlement, Verdict},
};

impl Model {
    /// As [`Store::settle`](crate::store::Store::settle).
    pub fn settle(&mut self, batch: Settle) -> Vec<SettleOutcome> {
        let Settle {
            node,
            settlements,
            health,
            now,
        } = batch;
        let mut outcomes = Vec::new();
        for settlement in settlements {
            outcomes.push(self.settle_one(node, settlement, now));
        }
        for (emitter, epoch, health) in health {
            if self.is_owner(node, &emitter, epoch) && self.emitters.contains_key(&emitter) {
                self.health.insert(emitter, health);
            }
        }
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
        if !self.is_owner(node, &key.emitter, epoch) {
            return SettleOutcome::Fenced;
        }
        let Some(delivery) = self.deliveries.get_mut(&key) else {
            return SettleOutcome::Gone;
        };
        let (state, reason) = match verdict {
            Verdict::Retry(_) => (DeliveryState::Pending, None),
            Verdict::Delivered => (DeliveryState::Delivered, None),
            Verdict::Dead(reason) => (DeliveryState::Dead, dead(reason)),
        };
        let mut known = delivery.attempts.iter();
        if known
            .any(|known| known.number == attempt.number && known.started_at == attempt.started_at)
        {
            let stands = (delivery.seq, delivery.state, delivery.reason) == (seq, state, reason);
            return if stands {
                SettleOutcome::Settled
            } else {
                SettleOutcome::Superseded
            };
        }
        delivery.progress.attempts = delivery.progress.attempts.max(attempt.number);
        delivery.attempts.push(attempt);
        if !delivery.is_pending() || delivery.seq != seq {
            let was = delivery.state;
            if was == DeliveryState::Discarded && verdict == Verdict::Delivered {
                self.close(&key, state, reason, now);
            }
            return SettleOutcome::Superseded;
        }
        match verdict {
            Verdict::Retry(progress) => delivery.progress = progress,
            _ => self.close(&key, state, reason, now),
        }
        SettleOutcome::Settled
    }
}

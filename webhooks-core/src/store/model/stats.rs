//! Counting.

use std::time::Duration;

use super::Model;
use crate::{
    delivery::DeliveryState,
    emitter::EmitterId,
    env::Timestamp,
    store::{QueueStats, Settled, Stats},
};

const HOUR: Duration = Duration::from_secs(60 * 60);

impl Model {
    /// As [`Store::stats`](crate::store::Store::stats).
    #[must_use]
    pub fn stats(&self, now: Timestamp) -> Stats {
        let emitters = self.emitters.keys();
        Stats {
            all: self.count(|_| true, now),
            emitters: emitters
                .map(|id| (id.clone(), self.count(|of| of == id, now)))
                .filter(|(_, counts)| *counts != QueueStats::default())
                .collect(),
        }
    }

    fn count(&self, is_meant: impl Fn(&EmitterId) -> bool, now: Timestamp) -> QueueStats {
        let mut counts = QueueStats::default();
        for (key, delivery) in &self.deliveries {
            counts.pending += u64::from(is_meant(&key.emitter) && delivery.is_pending());
        }
        for (emitter, at, state) in &self.settled {
            if !is_meant(emitter) {
                continue;
            }
            let hours_ago = hour(now) - hour(*at);
            add(&mut counts.total, *state);
            if hours_ago <= 1 {
                add(&mut counts.last_hour, *state);
            }
            if hours_ago <= 24 {
                add(&mut counts.last_day, *state);
            }
        }
        counts
    }
}

fn add(settled: &mut Settled, state: DeliveryState) {
    match state {
        DeliveryState::Pending => {}
        DeliveryState::Delivered => settled.delivered += 1,
        DeliveryState::Dead => settled.dead += 1,
        DeliveryState::Discarded => settled.discarded += 1,
    }
}

/// Which hour of the clock this is.
fn hour(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(HOUR.as_micros() as i64)
}

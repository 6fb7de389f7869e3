//! Loading what is pending.

use std::ops::Bound;

use super::state::State;
use crate::store::{Load, Loaded, PendingRow, lane_of};

impl State {
    pub(super) fn load(&mut self, load: &Load) -> Loaded {
        let queue = self.queues.get_mut(&load.emitter);
        let Some(queue) = queue.filter(|queue| queue.is_owner(load.node, load.epoch)) else {
            return Loaded::NotOwner;
        };
        if queue.marked && !load.is_from_zero() {
            return Loaded::Marked;
        }
        queue.marked = false;
        let mut rows = Vec::new();
        let mut bytes = 0;
        let behind = (Bound::Excluded(load.after), Bound::Unbounded);
        for (&seq, id) in queue.pending.range(behind) {
            let entry = &self.messages[id];
            let lanes = load.only.as_ref();
            if lanes.is_some_and(|only| !only.contains(&lane_of(seq, &entry.message, load.lanes))) {
                continue;
            }
            if rows.len() >= load.limit || (bytes >= load.max_bytes && !rows.is_empty()) {
                return Loaded::Rows { rows, more: true };
            }
            let at = entry
                .position(&load.emitter)
                .expect("what is queued for an emitter has a row of that emitter");
            bytes += entry.body_bytes();
            rows.push(PendingRow {
                seq,
                message: entry.message.clone(),
                progress: entry.rows[at].progress,
            });
        }
        Loaded::Rows { rows, more: false }
    }
}

//! Loading what is pending.

use super::Model;
use crate::store::{Load, Loaded, PendingRow, lane_of};

impl Model {
    /// As [`Store::load`](crate::store::Store::load), of one emitter.
    pub fn load(&mut self, load: &Load) -> Loaded {
        if !self.is_owner(load.node, &load.emitter, load.epoch) {
            return Loaded::NotOwner;
        }
        if !load.is_from_zero() && self.marks.contains(&load.emitter) {
            return Loaded::Marked;
        }
        self.marks.remove(&load.emitter);
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (seq, key) in self.pending(&load.emitter) {
            let message = self.messages[&key.message_id].clone();
            let lane = lane_of(seq, &message, load.lanes);
            let meant = load.only.as_ref().is_none_or(|only| only.contains(&lane));
            if seq <= load.after || !meant {
                continue;
            }
            let first = rows.is_empty();
            if rows.len() >= load.limit || (bytes >= load.max_bytes && !first) {
                return Loaded::Rows { rows, more: true };
            }
            bytes += message.body.as_ref().map_or(0, |body| body.len());
            let progress = self.deliveries[&key].progress;
            rows.push(PendingRow {
                seq,
                message,
                progress,
            });
        }
        Loaded::Rows { rows, more: false }
    }
}

//! What was just stored, and goes to its lane without being loaded.

use super::{Run, RunId, phase::Phase};
use crate::{
    engine::lane::Entry,
    store::{Epoch, lane_of},
};

/// What a delivery that is being stored must find unchanged, so that it can go from memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Straight {
    pub(crate) run: RunId,
    pub(crate) epoch: Epoch,
    revision: u64,
}

impl Run {
    /// What a delivery that goes to the store now will have to find unchanged.
    pub(crate) fn straight(&self) -> Option<Straight> {
        Some(Straight {
            run: self.id,
            epoch: self.epoch()?,
            revision: self.brought.revision(),
        })
    }

    /// A delivery that was just stored, proven to be this node's and unmarked. It goes to its lane if the
    /// lane's whole tail is in memory; else a load brings it, if it is still to be brought.
    pub(crate) fn push(&mut self, straight: &Straight, entry: Entry) {
        self.idle_since = None;
        let is_ours = self.id == straight.run && self.epoch() == Some(straight.epoch);
        match self.brought.since(straight.revision, entry.seq) {
            Some(false) if is_ours && self.phase == Phase::Working => {}
            Some(true) if is_ours => return,
            _ => {
                self.loading.wanted = true;
                return;
            }
        }
        if self.loading.wanted {
            // That load begins later than this was stored.
        } else if self.loading.is_busy() {
            self.loading.wanted = !self.loading.meanwhile.add(entry);
        } else {
            self.place(entry);
        }
    }

    /// Puts what was just stored into its lane.
    pub(super) fn place(&mut self, entry: Entry) {
        if !self.tail_complete {
            self.loading.wanted = true;
            return;
        }
        let window = self.window();
        let index = lane_of(entry.seq, &entry.message, self.emitter.settings.lanes);
        self.change_lane(index, |lane| {
            // A refill may have passed over it: appends that are under way together may commit in
            // another order than that of their places.
            let passed = entry.seq < lane.cursor();
            if passed || (lane.is_complete() && !lane.is_full(window)) {
                lane.insert(entry, window);
            } else {
                lane.leave_in_store();
            }
        });
    }
}

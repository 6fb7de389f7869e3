//! What was stored while a load was under way.

use crate::{
    delivery::Seq,
    engine::lane::{Entry, Window},
};

/// Deliveries that wait for the end of a load, which may bring them, too.
#[derive(Debug, Default)]
pub(super) struct Meanwhile {
    entries: Vec<Entry>,
    bytes: usize,
}

impl Meanwhile {
    /// They are not more than this: what comes after them is left in the store.
    const WINDOW: Window = Window {
        entries: 1_024,
        bytes: 4 << 20,
    };

    /// Whether there was room.
    pub(super) fn add(&mut self, entry: Entry) -> bool {
        let bytes = self.bytes + entry.bytes();
        let has_room = self.entries.len() < Self::WINDOW.entries && bytes <= Self::WINDOW.bytes;
        if has_room {
            self.bytes = bytes;
            self.entries.push(entry);
        }
        has_room
    }

    /// `false` if this is not here.
    pub(super) fn remove(&mut self, seq: Seq) -> bool {
        let before = self.entries.len();
        self.retain(|entry| entry.seq != seq);
        self.entries.len() < before
    }

    pub(super) fn retain(&mut self, keeps: impl Fn(&Entry) -> bool) {
        self.entries.retain(keeps);
        self.bytes = self.entries.iter().map(Entry::bytes).sum();
    }

    /// All of them, in the order in which they came.
    pub(super) fn take(&mut self) -> Vec<Entry> {
        std::mem::take(self).entries
    }
}

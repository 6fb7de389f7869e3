//! The counts of what is pending, and what is settled in the order in which it settled.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    counters::Counters,
    row::{Entry, Place, Row, Standing},
};
use crate::{
    delivery::{Attempt, DeliveryKey},
    env::Timestamp,
};

/// The counts of what is pending, and what is settled in the order in which it settled.
#[derive(Default)]
pub(super) struct Log {
    pub(super) pending: usize,
    /// Of the bodies of messages with nothing pending, and of what attempts captured.
    pub(super) bytes: usize,
    pub(super) settled: BTreeMap<Place, DeliveryKey>,
    pub(super) counters: Counters,
    /// Whose payload is to be erased was looked for up to here.
    pub(super) looked_at: Option<Place>,
    count: u64,
}

impl Log {
    /// Counts a message that is new.
    pub(super) fn add(&mut self, entry: &mut Entry, now: Timestamp) {
        for at in 0..entry.rows.len() {
            let row = &entry.rows[at];
            if row.is_pending() {
                self.counters.queued(&row.emitter, now);
                entry.pending += 1;
                continue;
            }
            self.counters
                .settled(&row.emitter, false, row.standing, now);
            let place = self.place(now);
            entry.rows[at].place = Some(place);
            self.settled.insert(place, entry.key(at));
        }
        self.pending += entry.pending;
        if entry.pending == 0 {
            self.bytes += entry.body_bytes();
        }
    }

    /// Settles a row; one that is settled already moves to the end.
    pub(super) fn close(&mut self, entry: &mut Entry, at: usize, to: Standing, now: Timestamp) {
        let row = &entry.rows[at];
        self.counters
            .settled(&row.emitter, row.is_pending(), to, now);
        match entry.rows[at].place {
            Some(place) => drop(self.settled.remove(&place)),
            None => {
                self.pending -= 1;
                entry.pending -= 1;
                if entry.pending == 0 {
                    self.bytes += entry.body_bytes();
                }
            }
        }
        let place = self.place(now);
        entry.rows[at].place = Some(place);
        entry.rows[at].standing = to;
        self.settled.insert(place, entry.key(at));
    }

    /// Makes a settled row pending.
    pub(super) fn open(&mut self, entry: &mut Entry, at: usize, now: Timestamp) {
        let Some(place) = entry.rows[at].place.take() else {
            return;
        };
        self.settled.remove(&place);
        self.counters.queued(&entry.rows[at].emitter, now);
        entry.rows[at].standing = Standing::Pending;
        if entry.pending == 0 {
            self.bytes -= entry.body_bytes();
        }
        entry.pending += 1;
        self.pending += 1;
    }

    /// Adds an attempt to a row.
    pub(super) fn record(&mut self, row: &mut Row, attempt: Arc<Attempt>) {
        self.bytes += attempt.weight();
        row.record(attempt);
    }

    /// Removes a settled row, which the log has let go of already.
    pub(super) fn forget(&mut self, entry: &mut Entry, at: usize) {
        let row = entry.rows.remove(at);
        self.bytes -= row.captured_bytes();
        if entry.rows.is_empty() {
            self.bytes -= entry.body_bytes();
        }
    }

    fn place(&mut self, now: Timestamp) -> Place {
        self.count += 1;
        (now, self.count)
    }
}

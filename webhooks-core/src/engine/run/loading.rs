//! Loading the backlog, page by page.

use std::collections::HashSet;

use super::{Run, state::Phase};
use crate::{
    delivery::Seq,
    engine::lane::{Entry, Lane},
    store::lane_of,
};

/// What is to be loaded next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) after: Seq,
    pub(crate) only: Option<Vec<u32>>,
    /// It begins anew, since rows may have come in before those that are known.
    pub(crate) from_zero: bool,
    /// Which lanes it was asked for with: a changed configuration has others.
    pub(super) ticket: u64,
}

/// How loading stands.
#[derive(Debug, Default)]
pub(crate) struct Loading {
    /// A load from zero that begins later than now is wanted.
    pub(super) wanted: bool,
    /// One is under way.
    pub(crate) running: bool,
    /// Where the one under way goes on, page by page.
    pub(super) scan: Option<Scan>,
    /// What settled while it was under way: it may have been read as pending.
    pub(super) settled_meanwhile: HashSet<Seq>,
    pub(super) ticket: u64,
}

impl Loading {
    pub(super) fn is_busy(&self) -> bool {
        self.running || self.wanted || self.scan.is_some()
    }
}

impl Run {
    /// Whether a load should begin now.
    pub(crate) fn needs_load(&self) -> bool {
        self.epoch().is_some()
            && !self.loading.running
            && self.phase == Phase::Working
            && (self.loading.scan.is_some()
                || (self.loading.wanted && !self.has_plenty())
                || self.is_hungry())
    }

    /// Whether so much is in memory that what others appended can wait, since it stands behind that: each
    /// load begins at the oldest. With several lanes it may be for one that is empty.
    fn has_plenty(&self) -> bool {
        const PLENTY: usize = 64;
        let lane = self.lanes.get(&0);
        self.emitter.settings.lanes == 1 && lane.is_some_and(|lane| lane.len() > PLENTY)
    }

    fn is_hungry(&self) -> bool {
        let window = self.window();
        self.lanes.values().any(|lane| lane.is_hungry(window))
    }

    /// Begins a load: the request for its next page.
    pub(crate) fn begin_load(&mut self) -> Scan {
        let scan = match self.loading.scan.take() {
            Some(scan) if !self.loading.wanted => scan,
            _ if self.loading.wanted => self.scan(0, None, true),
            _ => self.refill(),
        };
        self.loading.wanted = false;
        self.loading.running = true;
        scan
    }

    fn refill(&self) -> Scan {
        let window = self.window();
        let hungry = || self.lanes.iter().filter(|(_, lane)| lane.is_hungry(window));
        let after = hungry().map(|(_, lane)| lane.cursor()).min().unwrap_or(0);
        let one = self.emitter.settings.lanes == 1;
        let only = if one {
            None
        } else {
            Some(hungry().map(|(index, _)| *index).collect())
        };
        self.scan(after, only, false)
    }

    fn scan(&self, after: Seq, only: Option<Vec<u32>>, from_zero: bool) -> Scan {
        Scan {
            after,
            only,
            from_zero,
            ticket: self.loading.ticket,
        }
    }

    /// The load failed: it is tried again from zero.
    pub(crate) fn load_failed(&mut self) {
        self.loading.running = false;
        self.loading.settled_meanwhile.clear();
        self.loading.wanted = true;
    }

    /// Merges what a load brought. `more` says that there may be rows behind the last of them.
    pub(crate) fn loaded(&mut self, scan: &Scan, entries: Vec<Entry>, more: bool) {
        self.loading.running = false;
        let settled = std::mem::take(&mut self.loading.settled_meanwhile);
        if scan.ticket != self.loading.ticket {
            self.loading.wanted = true;
            return;
        }
        self.revision += 1;
        let known: HashSet<Seq> = self.lanes.values().flat_map(Lane::seqs).collect();
        let last = entries.last().map_or(scan.after, |entry| entry.seq);
        let window = self.window();
        for entry in entries {
            let seq = entry.seq;
            if known.contains(&seq) || settled.contains(&seq) || self.unsettled.contains_key(&seq) {
                continue;
            }
            let index = lane_of(seq, &entry.message, self.emitter.settings.lanes);
            self.change_lane(index, |lane| {
                // Behind its cursor a full lane has only what it left in the store.
                if lane.is_full(window) && seq > lane.cursor() {
                    lane.leave_in_store();
                } else {
                    lane.insert(entry, window);
                }
            });
        }
        if more {
            self.loading.scan = self.next_page(scan, last);
            if self.loading.scan.is_none() {
                self.tail_complete |= scan.from_zero;
            }
        } else {
            self.scanned_to_the_end(scan);
        }
    }

    /// The rest of a scan, for the lanes that have room.
    fn next_page(&mut self, scan: &Scan, after: Seq) -> Option<Scan> {
        let window = self.window();
        if self.emitter.settings.lanes == 1 {
            let full = self.lanes.get(&0).is_some_and(|lane| lane.is_full(window));
            if full {
                self.change_lane(0, Lane::leave_in_store);
                return None;
            }
            return Some(Scan {
                after,
                ..scan.clone()
            });
        }
        let all = || (0..self.emitter.settings.lanes).collect();
        let asked: Vec<u32> = scan.only.clone().unwrap_or_else(all);
        let (full, only): (Vec<u32>, Vec<u32>) = asked.into_iter().partition(|index| {
            self.lanes
                .get(index)
                .is_some_and(|lane| lane.is_full(window))
        });
        for index in full {
            self.change_lane(index, Lane::leave_in_store);
        }
        if only.is_empty() {
            None
        } else {
            Some(Scan {
                after,
                only: Some(only),
                ..scan.clone()
            })
        }
    }

    /// What was asked for is all in memory now, but for what lanes left in the store.
    fn scanned_to_the_end(&mut self, scan: &Scan) {
        if scan.from_zero {
            self.tail_complete = true;
        }
        let window = self.window();
        let complete: Vec<u32> = self
            .lanes
            .iter()
            .filter(|(index, _)| scan.only.as_ref().is_none_or(|only| only.contains(index)))
            .filter(|(_, lane)| !lane.is_full(window))
            .map(|(index, _)| *index)
            .collect();
        for index in complete {
            self.change_lane(index, Lane::set_complete);
        }
    }
}

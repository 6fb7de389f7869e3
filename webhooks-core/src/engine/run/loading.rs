//! Loading the backlog, page by page.

use std::collections::HashSet;

use super::{Run, meanwhile::Meanwhile, phase::Phase};
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
    ticket: u64,
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
    /// How many the last one left in line.
    left_in_line: usize,
    /// What was stored while it was under way, and which no page had so far.
    pub(super) meanwhile: Meanwhile,
    ticket: u64,
}

impl Loading {
    pub(super) fn is_busy(&self) -> bool {
        self.running || self.wanted || self.scan.is_some()
    }

    /// What is under way is of lanes that are no more.
    pub(super) fn forget(&mut self) {
        self.scan = None;
        self.meanwhile.take();
        self.ticket += 1;
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
    /// load begins at the oldest, and comes by all that is known. So it waits until half of what the last one
    /// left is gone, or nearly all. With several lanes it may be for one that is empty.
    fn has_plenty(&self) -> bool {
        const FEW: usize = 4;
        const MANY: usize = 64;
        let lane = self.lanes.get(&0);
        let plenty = (self.loading.left_in_line / 2).clamp(FEW, MANY);
        self.emitter.settings.lanes == 1 && lane.is_some_and(|lane| lane.len() > plenty)
    }

    fn is_hungry(&self) -> bool {
        let window = self.window();
        self.lanes.values().any(|lane| lane.is_hungry(window))
    }

    /// Begins a load: the request for its next page.
    pub(crate) fn begin_load(&mut self) -> Scan {
        let scan = match self.loading.scan.take() {
            Some(scan) if !self.loading.wanted => scan,
            _ if self.loading.wanted => {
                self.loading.meanwhile.take();
                self.scan(0, None, true)
            }
            _ => self.refill(),
        };
        self.loading.wanted = false;
        self.loading.running = true;
        scan
    }

    /// For the lane that is hungry, and for those that soon will be: looking for the rows of one the store
    /// comes by those of the others.
    fn refill(&self) -> Scan {
        let window = self.window();
        let asked = || self.lanes.iter().filter(|(_, lane)| lane.has_room(window));
        let after = asked().map(|(_, lane)| lane.cursor()).min().unwrap_or(0);
        let one = self.emitter.settings.lanes == 1;
        let only = if one {
            None
        } else {
            Some(asked().map(|(index, _)| *index).collect())
        };
        self.scan(after, only, false)
    }

    /// How many rows the next page of a scan may have, and how many bytes: what there is room for. A scan
    /// from zero comes by what is in memory, too.
    pub(crate) fn page(&self, scan: &Scan) -> (usize, usize) {
        const MAX_ROWS: usize = 1_024;
        let window = self.window();
        let room = |index: &u32| {
            let lane = self.lanes.get(index).filter(|_| !scan.from_zero);
            window.entries - lane.map_or(0, Lane::len).min(window.entries)
        };
        let lanes = self.emitter.settings.lanes;
        let (rows, lanes) = match &scan.only {
            Some(only) => (only.iter().map(room).sum::<usize>(), only.len()),
            None => ((0..lanes).map(|index| room(&index)).sum(), lanes as usize),
        };
        (rows.clamp(1, MAX_ROWS), window.bytes * lanes)
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
        self.loading.meanwhile.take();
        self.loading.wanted = true;
    }

    /// Merges what a load brought. `more` says that there may be rows behind the last of them.
    pub(crate) fn loaded(&mut self, scan: &Scan, entries: Vec<Entry>, more: bool) {
        self.loading.running = false;
        let settled = std::mem::take(&mut self.loading.settled_meanwhile);
        // A page that does not begin at the oldest may have what was emitted after what is to be loaded.
        let yields = self.loading.wanted && scan.after > 0;
        if scan.ticket != self.loading.ticket || yields {
            self.loading.meanwhile.take();
            self.loading.wanted = true;
            return;
        }
        let before = self.brought.revision();
        self.brought.add(entries.iter().map(|entry| entry.seq));
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
        self.place_meanwhile(before);
        self.loading.left_in_line = self.lanes.values().map(Lane::len).sum();
    }

    /// What was stored while pages were on their way goes behind them, unless one of them had it.
    fn place_meanwhile(&mut self, before: u64) {
        let Loading {
            meanwhile, wanted, ..
        } = &mut self.loading;
        meanwhile.retain(|entry| self.brought.since(before, entry.seq) == Some(false));
        if *wanted {
            meanwhile.take();
        } else if self.loading.scan.is_none() {
            for entry in self.loading.meanwhile.take() {
                self.place(entry);
            }
        }
    }

    /// The rest of a scan, for the lanes that have room, and those of which it has not come to the end of what is
    /// in memory: what was committed late belongs among that.
    fn next_page(&mut self, scan: &Scan, after: Seq) -> Option<Scan> {
        let window = self.window();
        let lanes = self.emitter.settings.lanes;
        let asked = scan.only.clone().unwrap_or_else(|| (0..lanes).collect());
        let (passed, only): (Vec<u32>, Vec<u32>) = asked.into_iter().partition(|index| {
            let lane = self.lanes.get(index);
            lane.is_some_and(|lane| lane.is_full(window) && lane.cursor() <= after)
        });
        for index in passed {
            self.change_lane(index, Lane::leave_in_store);
        }
        if only.is_empty() {
            return None;
        }
        Some(Scan {
            after,
            // The store need not look at lanes where there is one.
            only: (lanes > 1).then_some(only),
            ..scan.clone()
        })
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

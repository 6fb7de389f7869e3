//! The run itself.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use tokio::time::Instant;
use url::Url;

use super::{brought::Brought, loading::Loading, phase::Phase};
use crate::{
    delivery::Seq,
    emitter::Emitter,
    engine::{
        cool_down::CoolDown,
        lane::{Entry, Lane, Window},
    },
    store::Epoch,
};

/// One stay of an emitter in memory. An emitter whose lease was given back and taken again has another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RunId(pub(crate) u64);

/// Who owns the emitter, as far as this node knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ownership {
    /// It is to be leased.
    Wanted,
    /// It is this node's.
    Held(Epoch),
    /// The lease is on its way back to the store; it is sent again until the store has it.
    GivingBack(Epoch),
}

/// What the store does not know of a delivery.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Unsettled {
    outcomes: u32,
    /// After the last of them it is tried again.
    pub(super) retried: bool,
}

/// Whether an attempt may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readiness {
    Now,
    At(Instant),
    /// Not before something else happens.
    Never,
}

/// One emitter at work.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) id: RunId,
    pub(crate) emitter: Arc<Emitter>,
    pub(crate) url: Arc<Url>,
    pub(crate) ownership: Ownership,
    pub(crate) cool_down: CoolDown,
    pub(super) lanes: BTreeMap<u32, Lane>,
    /// The next delivery of each lane that has one and none in flight, by due time.
    pub(super) heads: BTreeSet<(Instant, Seq, u32)>,
    pub(crate) in_flight: usize,
    pub(crate) loading: Loading,
    /// Everything pending in lanes that are not in memory is known: there is nothing.
    pub(super) tail_complete: bool,
    /// The deliveries of which the store does not have all outcomes yet.
    pub(super) unsettled: HashMap<Seq, Unsettled>,
    pub(super) phase: Phase,
    pub(super) brought: Brought,
    pub(crate) idle_since: Option<Instant>,
}

impl Run {
    pub(crate) fn new(id: RunId, emitter: Arc<Emitter>, url: Arc<Url>) -> Self {
        Self {
            id,
            emitter,
            url,
            ownership: Ownership::Wanted,
            cool_down: CoolDown::default(),
            lanes: BTreeMap::new(),
            heads: BTreeSet::new(),
            in_flight: 0,
            loading: Loading::default(),
            tail_complete: false,
            unsettled: HashMap::new(),
            phase: Phase::Working,
            brought: Brought::default(),
            idle_since: None,
        }
    }

    /// Whether it is of this emitter still: one that was attached anew, or whose backlog was discarded, has
    /// another generation.
    pub(crate) fn is_of(&self, emitter: &Emitter) -> bool {
        self.emitter.generation == emitter.generation
    }

    pub(crate) fn epoch(&self) -> Option<Epoch> {
        match self.ownership {
            Ownership::Held(epoch) => Some(epoch),
            Ownership::Wanted | Ownership::GivingBack(_) => None,
        }
    }

    /// How much of each lane is in memory.
    pub(super) fn window(&self) -> Window {
        const ENTRIES: usize = 4_096;
        const BYTES: usize = 32 << 20;
        let lanes = self.emitter.settings.lanes as usize;
        Window {
            entries: (ENTRIES / lanes).clamp(16, 1_024),
            bytes: BYTES / lanes,
        }
    }

    /// Whether an attempt may start at `now`.
    pub(crate) fn readiness(&self, now: Instant) -> Readiness {
        if self.phase != Phase::Working || self.epoch().is_none() {
            return Readiness::Never;
        }
        let Some((due, ..)) = self.heads.first() else {
            return Readiness::Never;
        };
        if self.cool_down.is_failing() && self.in_flight > 0 {
            // The probe is out; its end decides.
            return Readiness::Never;
        }
        let start = self.cool_down.until().map_or(*due, |until| until.max(*due));
        if start <= now {
            Readiness::Now
        } else {
            Readiness::At(start)
        }
    }

    /// Takes the delivery that has been due longest.
    pub(crate) fn take(&mut self) -> Option<(u32, Entry)> {
        let (_, _, lane) = *self.heads.first()?;
        self.take_from(lane).map(|entry| (lane, entry))
    }

    /// Takes the next delivery of this lane, if it is due at `now`.
    pub(crate) fn take_if_due(&mut self, lane: u32, now: Instant) -> Option<Entry> {
        let (due, _) = self.lanes.get(&lane)?.next()?;
        if due <= now {
            self.take_from(lane)
        } else {
            None
        }
    }

    fn take_from(&mut self, index: u32) -> Option<Entry> {
        let entry = self.change_lane(index, Lane::take)?;
        self.in_flight += 1;
        self.idle_since = None;
        Some(entry)
    }

    /// Changes a lane and keeps `heads` in step with it.
    pub(super) fn change_lane<T>(&mut self, index: u32, change: impl FnOnce(&mut Lane) -> T) -> T {
        let complete = self.tail_complete;
        let lane = self
            .lanes
            .entry(index)
            .or_insert_with(|| Lane::new(complete));
        let before = lane.next();
        let changed = change(lane);
        let after = lane.next();
        if lane.is_idle() {
            self.lanes.remove(&index);
        }
        if before != after {
            if let Some((due, seq)) = before {
                self.heads.remove(&(due, seq, index));
            }
            if let Some((due, seq)) = after {
                self.heads.insert((due, seq, index));
            }
        }
        changed
    }

    /// The attempt of a lane's delivery ended; `retry` is the delivery, if it is tried again.
    pub(crate) fn finished(&mut self, index: u32, seq: Seq, retry: Option<Entry>) {
        self.in_flight -= 1;
        let unsettled = self.unsettled.entry(seq).or_default();
        unsettled.outcomes += 1;
        unsettled.retried = retry.is_some();
        if self.phase == Phase::Working {
            let ordering = self.emitter.settings.ordering;
            self.change_lane(index, |lane| lane.finished(retry, ordering));
        } else {
            self.go_on_when_drained();
        }
    }

    /// The store has the outcome of an attempt of this delivery, which is `pending` still or not.
    pub(crate) fn settled(&mut self, seq: Seq, pending: bool) {
        if let Some(unsettled) = self.unsettled.get_mut(&seq) {
            unsettled.outcomes -= 1;
            if unsettled.outcomes == 0 {
                self.unsettled.remove(&seq);
                self.go_on_when_drained();
            }
        }
        if !pending {
            if self.loading.running {
                self.loading.settled_meanwhile.insert(seq);
            }
        } else if !self
            .lanes
            .values()
            .any(|lane| lane.seqs().any(|other| other == seq))
        {
            // Its lane was forgotten while the outcome was on its way, and a load passed it over.
            self.want_load();
        }
    }

    /// Something was stored that only a load can bring.
    pub(crate) fn want_load(&mut self) {
        self.loading.wanted = true;
        self.idle_since = None;
    }

    /// Whether a delivery of this place was taken out before its attempt began.
    pub(crate) fn remove(&mut self, seq: Seq) {
        let lanes: Vec<u32> = self.lanes.keys().copied().collect();
        let found = lanes
            .into_iter()
            .any(|index| self.change_lane(index, |lane| lane.remove(seq)));
        if !found && !self.loading.meanwhile.remove(seq) {
            // It may be on its way here.
            self.brought.forget();
        }
        if self.loading.running {
            self.loading.settled_meanwhile.insert(seq);
        }
    }

    /// Makes the delivery of this place due at `now`, and ends the cool-down.
    pub(crate) fn hasten(&mut self, seq: Seq, now: Instant) {
        self.cool_down.end();
        let lanes: Vec<u32> = self.lanes.keys().copied().collect();
        let found = lanes
            .into_iter()
            .any(|index| self.change_lane(index, |lane| lane.hasten(seq, now)));
        if !found {
            self.want_load();
        }
    }

    /// Whether there is nothing to do for it, and nothing that the store does not know.
    pub(crate) fn is_idle(&self) -> bool {
        let known = self.in_flight == 0 && self.unsettled.is_empty() && !self.loading.running;
        let nothing = self.lanes.is_empty() && self.tail_complete && !self.loading.is_busy();
        match self.phase {
            Phase::Working => known && nothing,
            Phase::Draining | Phase::Halted => false,
            Phase::Suspended => known,
        }
    }
}

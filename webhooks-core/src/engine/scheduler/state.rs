//! What there is: the emitters at work, and who waits for what.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use tokio::time::Instant;
use url::Url;

use super::{
    awake::Awake,
    job::{Now, class_of, entry_of},
    turns::Turns,
};
use crate::{
    delivery::Seq,
    emitter::{Emitter, EmitterId},
    engine::{
        budget::{Budget, Class},
        fair::FairQueue,
        run::{Readiness, Run, RunId, Straight},
    },
    store::{Epoch, PendingRow},
};

/// The state of an engine.
#[derive(Debug)]
pub(crate) struct Scheduler {
    pub(super) runs: HashMap<RunId, Run>,
    pub(super) by_emitter: HashMap<EmitterId, RunId>,
    pub(super) queues: [FairQueue; 2],
    /// In which queue a run is; an entry of the other one is a left-over.
    pub(super) queued: HashMap<RunId, Class>,
    /// How many there are of each class.
    pub(super) queued_of: [usize; 2],
    pub(super) to_lease: BTreeSet<EmitterId>,
    /// Leases that nobody here wants, until the store has them back.
    pub(super) returning: BTreeMap<EmitterId, Epoch>,
    pub(super) to_load: Turns,
    pub(super) timers: BTreeSet<(Instant, RunId)>,
    pub(super) timer_of: HashMap<RunId, Instant>,
    pub(super) budget: Budget,
    pub(super) turn: Class,
    pub(super) workers: usize,
    pub(super) unsettled: usize,
    pub(super) stopped: bool,
    pub(super) awake: Awake,
    pub(super) next_run: u64,
}

impl Scheduler {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            runs: HashMap::new(),
            by_emitter: HashMap::new(),
            queues: [FairQueue::default(), FairQueue::default()],
            queued: HashMap::new(),
            queued_of: [0, 0],
            to_lease: BTreeSet::new(),
            returning: BTreeMap::new(),
            to_load: Turns::default(),
            timers: BTreeSet::new(),
            timer_of: HashMap::new(),
            budget: Budget::new(limit),
            turn: Class::Proven,
            workers: 0,
            unsettled: 0,
            stopped: false,
            awake: Awake::Until(None),
            next_run: 0,
        }
    }

    /// What a delivery of this emitter must find unchanged to go from memory, if this node owns it.
    pub(crate) fn straight_of(&self, emitter: &EmitterId) -> Option<Straight> {
        self.runs.get(self.by_emitter.get(emitter)?)?.straight()
    }

    pub(super) fn run_of(&mut self, emitter: &EmitterId) -> Option<&mut Run> {
        self.runs.get_mut(self.by_emitter.get(emitter)?)
    }

    /// Brings an emitter to work, if it is not there already.
    pub(crate) fn ensure(&mut self, emitter: &Arc<Emitter>, url: &Arc<Url>) {
        if self.is_at_work(&emitter.id) {
            return;
        }
        let id = RunId(self.next_run);
        self.next_run += 1;
        self.by_emitter.insert(emitter.id.clone(), id);
        self.to_lease.insert(emitter.id.clone());
        self.runs
            .insert(id, Run::new(id, emitter.clone(), url.clone()));
    }

    pub(crate) fn is_at_work(&self, emitter: &EmitterId) -> bool {
        self.by_emitter.contains_key(emitter)
    }

    /// A delivery was stored, proven to be this node's and unmarked.
    pub(crate) fn push(&mut self, straight: &Straight, row: PendingRow, now: Now) {
        // Without its run the lease is gone, or on its way back: whoever takes it loads the row.
        if let Some(run) = self.runs.get_mut(&straight.run) {
            run.push(straight, entry_of(row, now));
            self.reschedule(straight.run, now.instant);
        }
    }

    /// Something of this emitter's was stored that only a load can bring.
    pub(crate) fn want_load(&mut self, emitter: &EmitterId, now: Instant) {
        if let Some(run) = self.run_of(emitter) {
            run.want_load();
            let id = run.id;
            self.reschedule(id, now);
        }
    }

    /// The emitter's configuration changed.
    pub(crate) fn reconfigure(&mut self, emitter: Arc<Emitter>, url: Arc<Url>, now: Instant) {
        if let Some(run) = self.run_of(&emitter.id) {
            run.reconfigure(emitter, url);
            let id = run.id;
            self.reschedule(id, now);
        }
    }

    /// The emitter was paused, disabled or detached: nothing starts before it is renewed. It keeps
    /// its place as long as attempts are in flight, outcomes under way, or the lease out.
    pub(crate) fn suspend(&mut self, emitter: &EmitterId, now: Instant) {
        if let Some(run) = self.run_of(emitter) {
            run.suspend();
            let id = run.id;
            self.unqueue(id);
            self.reschedule(id, now);
        }
    }

    /// The emitter is active again, or another generation of it: it goes on with what the store
    /// has.
    pub(crate) fn renew(&mut self, emitter: Arc<Emitter>, url: Arc<Url>, now: Instant) {
        if let Some(run) = self.run_of(&emitter.id) {
            run.renew(emitter, url);
            let id = run.id;
            self.reschedule(id, now);
        }
    }

    /// Takes out an emitter that is not this node's any more; attempts in flight end on their own.
    pub(super) fn drop_run(&mut self, emitter: &EmitterId) {
        let Some(id) = self.by_emitter.remove(emitter) else {
            return;
        };
        self.runs.remove(&id);
        self.unqueue(id);
        self.to_lease.remove(emitter);
        self.to_load.remove(id);
        if let Some(at) = self.timer_of.remove(&id) {
            self.timers.remove(&(at, id));
        }
    }

    /// The epoch of a run is over: its emitter is somebody else's, or this node's under another one. Asking
    /// for the lease tells.
    pub(super) fn lease_anew(&mut self, id: RunId) {
        if let Some(run) = self.runs.get(&id) {
            let (emitter, url) = (run.emitter.clone(), run.url.clone());
            self.drop_run(&emitter.id);
            self.ensure(&emitter, &url);
        }
    }

    /// A delivery was taken out of the queue.
    pub(crate) fn remove(&mut self, emitter: &EmitterId, seq: Seq, now: Instant) {
        if let Some(run) = self.run_of(emitter) {
            run.remove(seq);
            let id = run.id;
            self.reschedule(id, now);
        }
    }

    /// Somebody wants this pending delivery to be attempted now.
    pub(crate) fn hasten(&mut self, emitter: &EmitterId, seq: Seq, now: Instant) {
        if let Some(run) = self.run_of(emitter) {
            run.hasten(seq, now);
            let id = run.id;
            self.reschedule(id, now);
        }
    }

    /// Queues the run, sets its timer, or neither; and has it loaded, if it needs that.
    pub(super) fn reschedule(&mut self, id: RunId, now: Instant) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        if run.needs_load() {
            self.to_load.push(id);
        } else {
            self.to_load.remove(id);
        }
        let readiness = run.readiness(now);
        let at = if let Readiness::At(at) = readiness {
            Some(at)
        } else {
            None
        };
        let set = self.timer_of.get(&id).copied();
        if set != at {
            if let Some(set) = set {
                self.timers.remove(&(set, id));
                self.timer_of.remove(&id);
            }
            if let Some(at) = at {
                self.timers.insert((at, id));
                self.timer_of.insert(id, at);
            }
        }
        if readiness == Readiness::Now {
            let class = class_of(run);
            if self.queued.get(&id) != Some(&class) {
                self.queues[class as usize].push(run.emitter.tenant.as_ref(), id);
                self.unqueue(id);
                self.queued.insert(id, class);
                self.queued_of[class as usize] += 1;
            }
        }
    }

    pub(super) fn unqueue(&mut self, id: RunId) {
        if let Some(class) = self.queued.remove(&id) {
            self.queued_of[class as usize] -= 1;
        }
    }

    /// Whether there is something to lease or to load.
    pub(crate) fn wants_loader(&self) -> bool {
        let is_free = |emitter: &EmitterId| !self.returning.contains_key(emitter);
        self.to_lease.iter().any(is_free) || !self.to_load.is_empty()
    }

    /// When the next timer fires.
    pub(crate) fn next_timer(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Fires the timers up to `now`.
    pub(crate) fn fire(&mut self, now: Instant) {
        while let Some((at, id)) = self.timers.first().copied() {
            if at > now {
                return;
            }
            self.timers.pop_first();
            self.timer_of.remove(&id);
            self.reschedule(id, now);
        }
    }

    /// No attempt starts any more.
    pub(crate) fn stop_all(&mut self) {
        self.stopped = true;
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.budget.in_flight()
    }

    pub(crate) fn unsettled(&self) -> usize {
        self.unsettled
    }

    /// Whether an attempt may start up to `deadline`.
    pub(crate) fn has_work_until(&self, deadline: Instant) -> bool {
        !self.queued.is_empty()
            || self.wants_loader()
            || self.runs.values().any(|run| run.loading.running)
            || self.next_timer().is_some_and(|at| at <= deadline)
    }
}

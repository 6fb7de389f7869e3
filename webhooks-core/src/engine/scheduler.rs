//! The whole state of an engine as plain, synchronous code: what happens goes in, what to do comes
//! out. No task, timer or store in here; `now` is a parameter.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use tokio::time::Instant;
use url::Url;

use super::{
    budget::{Budget, Class, Slot},
    cool_down::CoolDown,
    fair::FairQueue,
    judge::{Case, Judgement, judge},
    lane::Entry,
    run::{Ownership, Readiness, Run, RunId, Scan},
};
use crate::{
    delivery::{Attempt, Progress, Seq},
    emitter::{Emitter, EmitterId},
    env::Timestamp,
    store::{Epoch, Health, Lease, Loaded, PendingRow, Verdict},
};

/// How many deliveries of one lane a worker takes in a row before others have their turn.
const QUANTUM: u32 = 32;
/// So many outcomes may wait for the store before no attempt starts any more.
const MAX_UNSETTLED: usize = 8_192;

/// Both clocks, read once per call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Now {
    pub(crate) instant: Instant,
    pub(crate) wall: Timestamp,
}

impl Now {
    fn instant_of(self, wall: Timestamp) -> Instant {
        self.instant + wall.saturating_since(self.wall)
    }
}

/// One attempt to be made.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) emitter: Arc<Emitter>,
    pub(crate) url: Arc<Url>,
    pub(crate) epoch: Epoch,
    pub(crate) entry: Entry,
    pub(crate) proven: bool,
    pub(crate) started: Now,
    run: RunId,
    lane: u32,
    slot: Slot,
    quantum: u32,
}

/// What follows from an attempt.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) judgement: Judgement,
    /// The emitter's health, if it changed.
    pub(crate) health: Option<Health>,
    /// The same lane's next delivery: the worker goes on with it.
    pub(crate) next: Option<Job>,
    /// The emitter failed for too long.
    pub(crate) failing_too_long: bool,
}

/// The state of an engine.
#[derive(Debug)]
pub(crate) struct Scheduler {
    runs: HashMap<RunId, Run>,
    by_emitter: HashMap<EmitterId, RunId>,
    queues: [FairQueue; 2],
    /// In which queue a run is; an entry of the other one is a left-over.
    queued: HashMap<RunId, Class>,
    /// How many there are of each class.
    queued_of: [usize; 2],
    to_lease: BTreeSet<EmitterId>,
    to_load: BTreeSet<RunId>,
    timers: BTreeSet<(Instant, RunId)>,
    timer_of: HashMap<RunId, Instant>,
    budget: Budget,
    turn: Class,
    workers: usize,
    unsettled: usize,
    stopped: bool,
    next_run: u64,
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
            to_load: BTreeSet::new(),
            timers: BTreeSet::new(),
            timer_of: HashMap::new(),
            budget: Budget::new(limit),
            turn: Class::Proven,
            workers: 0,
            unsettled: 0,
            stopped: false,
            next_run: 0,
        }
    }

    /// The epoch under which this node owns the emitter.
    pub(crate) fn epoch_of(&self, emitter: &EmitterId) -> Option<Epoch> {
        self.runs.get(self.by_emitter.get(emitter)?)?.epoch()
    }

    fn run_of(&mut self, emitter: &EmitterId) -> Option<&mut Run> {
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
    pub(crate) fn push(&mut self, emitter: &EmitterId, epoch: Epoch, row: PendingRow, now: Now) {
        let entry = entry_of(row, now);
        let Some(run) = self
            .run_of(emitter)
            .filter(|run| run.epoch() == Some(epoch))
        else {
            return;
        };
        run.push(entry);
        let id = run.id;
        self.reschedule(id, now.instant);
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

    /// Takes an emitter out; attempts in flight end on their own. Returns its lease.
    pub(crate) fn stop(&mut self, emitter: &EmitterId) -> Option<Epoch> {
        let id = self.by_emitter.remove(emitter)?;
        let run = self.runs.remove(&id)?;
        self.unqueue(id);
        self.to_lease.remove(emitter);
        self.to_load.remove(&id);
        if let Some(at) = self.timer_of.remove(&id) {
            self.timers.remove(&(at, id));
        }
        run.epoch()
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
    fn reschedule(&mut self, id: RunId, now: Instant) {
        let Some(run) = self.runs.get(&id) else {
            return;
        };
        if run.needs_load() {
            self.to_load.insert(id);
        } else {
            self.to_load.remove(&id);
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

    fn unqueue(&mut self, id: RunId) {
        if let Some(class) = self.queued.remove(&id) {
            self.queued_of[class as usize] -= 1;
        }
    }

    /// Whether there is something to lease or to load.
    pub(crate) fn wants_loader(&self) -> bool {
        !self.to_lease.is_empty() || !self.to_load.is_empty()
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

    /// How many workers to start now; they are counted as started.
    pub(crate) fn hire(&mut self) -> usize {
        if self.stopped || self.unsettled >= MAX_UNSETTLED {
            return 0;
        }
        let [proven, unproven] = self.queued_of;
        let startable = proven + unproven.min(self.budget.room_for_unproven());
        let free = self.budget.limit() - self.budget.in_flight();
        // Those that are about to take something need no help.
        let looking = self.workers - self.budget.in_flight().min(self.workers);
        let hired = startable.min(free).saturating_sub(looking);
        self.workers += hired;
        hired
    }

    /// The next attempt for a worker; without one the worker has retired.
    pub(crate) fn next_job(&mut self, now: Now) -> Option<Job> {
        let job = self.pick(now);
        if job.is_none() {
            self.workers -= 1;
        }
        job
    }

    fn pick(&mut self, now: Now) -> Option<Job> {
        if self.stopped || self.unsettled >= MAX_UNSETTLED {
            return None;
        }
        let first = self.turn;
        let second = other(first);
        for class in [first, second] {
            while self.budget.admits(class, now.instant) {
                let Some(id) = self.queues[class as usize].pop() else {
                    break;
                };
                if self.queued.get(&id) != Some(&class) {
                    continue;
                }
                self.unqueue(id);
                if let Some(job) = self.start(id, now) {
                    self.turn = other(class);
                    return Some(job);
                }
                self.reschedule(id, now.instant);
            }
        }
        None
    }

    fn start(&mut self, id: RunId, now: Now) -> Option<Job> {
        let run = self.runs.get_mut(&id)?;
        if run.readiness(now.instant) != Readiness::Now {
            return None;
        }
        let (lane, entry) = run.take()?;
        let slot = self.budget.acquire(class_of(run), now.instant);
        let job = job(run, lane, entry, slot, QUANTUM, now)?;
        self.reschedule(id, now.instant);
        Some(job)
    }

    /// An attempt ended.
    pub(crate) fn finish(
        &mut self,
        job: &Job,
        attempt: &Attempt,
        retry_after: Option<Duration>,
        unit: f64,
        now: Now,
    ) -> Finished {
        self.budget.release(job.slot);
        self.unsettled += 1;
        let policy = &job.emitter.settings.retry;
        // Without its run (the emitter was stopped meanwhile) the outcome counts, nothing else.
        let mut nobody = CoolDown::default();
        let run = self.runs.get_mut(&job.run);
        let known = run.is_some();
        let cool_down = match run {
            Some(run) => &mut run.cool_down,
            None => &mut nobody,
        };
        let was_failing = cool_down.is_failing();
        if attempt.is_success() {
            cool_down.succeeded();
        } else {
            let started = job.started.instant;
            cool_down.failed(policy, retry_after, unit, started, now.instant, now.wall);
        }
        let cooling = cool_down
            .until()
            .map_or(Duration::ZERO, |until| until.duration_since(now.instant));
        let health = (known && (was_failing || cool_down.is_failing()))
            .then(|| cool_down.health(now.instant, now.wall));
        let failing_too_long = known
            && job.emitter.settings.disable_after.is_some_and(|after| {
                cool_down
                    .failing_since()
                    .is_some_and(|since| now.wall.saturating_since(since) >= after)
            });
        let progress = job.entry.progress;
        let judgement = judge(&Case {
            policy,
            attempt,
            progress,
            cooling,
            unit,
            now: now.wall,
        });
        let next = self.after_attempt(job, &judgement, failing_too_long, now);
        Finished {
            judgement,
            health,
            next,
            failing_too_long,
        }
    }

    fn after_attempt(
        &mut self,
        job: &Job,
        judgement: &Judgement,
        failing_too_long: bool,
        now: Now,
    ) -> Option<Job> {
        let run = self.runs.get_mut(&job.run)?;
        let retry = match judgement.verdict {
            Verdict::Retry(progress) => Some(retried(&job.entry, progress, now)),
            Verdict::Delivered | Verdict::Dead(_) => None,
        };
        run.finished(job.lane, job.entry.seq, retry);
        if judgement.gone || failing_too_long {
            run.halt();
        }
        let next = self.go_on(job, now);
        self.reschedule(job.run, now.instant);
        next
    }

    /// The same lane's next delivery, if it is due and it is still this lane's turn.
    fn go_on(&mut self, job: &Job, now: Now) -> Option<Job> {
        let quantum = job.quantum.checked_sub(1)?;
        let run = self.runs.get_mut(&job.run)?;
        let class = class_of(run);
        let held_up = self.stopped || self.unsettled >= MAX_UNSETTLED;
        if held_up || run.readiness(now.instant) != Readiness::Now {
            return None;
        }
        if !self.budget.admits(class, now.instant) {
            return None;
        }
        let entry = run.take_if_due(job.lane, now.instant)?;
        let slot = self.budget.acquire(class, now.instant);
        self::job(run, job.lane, entry, slot, quantum, now)
    }

    /// The store has the outcome of an attempt.
    pub(crate) fn settled(&mut self, emitter: &EmitterId, seq: Seq, pending: bool, now: Instant) {
        self.unsettled -= 1;
        if let Some(run) = self.run_of(emitter) {
            run.settled(seq, pending);
            let id = run.id;
            self.reschedule(id, now);
        }
    }

    /// The outcomes of a batch were refused: the emitter has moved on to another owner.
    pub(crate) fn fenced(&mut self, emitter: &EmitterId, epoch: Epoch) {
        self.unsettled -= 1;
        if self.epoch_of(emitter) == Some(epoch) {
            self.stop(emitter);
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

/// Leases and loads.
impl Scheduler {
    /// The emitters to be leased.
    pub(crate) fn leases_wanted(&self) -> Vec<EmitterId> {
        self.to_lease.iter().cloned().collect()
    }

    /// The store leased these of those that were asked for; the others are somebody else's.
    pub(crate) fn leased(&mut self, asked: &[EmitterId], leases: Vec<Lease>, now: Now) {
        let mut granted: HashMap<EmitterId, Lease> = leases
            .into_iter()
            .map(|lease| (lease.emitter.clone(), lease))
            .collect();
        for emitter in asked {
            self.to_lease.remove(emitter);
            let Some(run) = self.run_of(emitter) else {
                continue;
            };
            if run.ownership != Ownership::Wanted {
                continue;
            }
            match granted.remove(emitter) {
                Some(lease) => {
                    run.ownership = Ownership::Held(lease.epoch);
                    run.cool_down = CoolDown::restore(lease.health, now.instant, now.wall);
                    run.want_load();
                    let id = run.id;
                    self.reschedule(id, now.instant);
                }
                None => drop(self.stop(emitter)),
            }
        }
    }

    /// Begins the loads that are wanted, in the order in which their emitters came to work.
    pub(crate) fn begin_loads(&mut self, limit: usize) -> Vec<LoadOrder> {
        let mut orders = Vec::new();
        while orders.len() < limit
            && let Some(id) = self.to_load.pop_first()
        {
            let Some(run) = self.runs.get_mut(&id).filter(|run| run.needs_load()) else {
                continue;
            };
            let Some(epoch) = run.epoch() else { continue };
            let (rows, bytes) = run.page();
            let (emitter, lanes) = (run.emitter.id.clone(), run.emitter.settings.lanes);
            let scan = run.begin_load();
            orders.push(LoadOrder {
                run: id,
                emitter,
                epoch,
                lanes,
                rows,
                bytes,
                scan,
            });
        }
        orders
    }

    /// What a load brought.
    pub(crate) fn loaded(&mut self, order: &LoadOrder, loaded: Loaded, now: Now) {
        let Some(run) = self.runs.get_mut(&order.run) else {
            return;
        };
        match loaded {
            Loaded::Rows { rows, more } => {
                let entries = rows.into_iter().map(|row| entry_of(row, now)).collect();
                run.loaded(&order.scan, entries, more);
                self.reschedule(order.run, now.instant);
            }
            Loaded::NotOwner => drop(self.stop(&order.emitter)),
        }
    }

    /// A load failed: the store is away.
    pub(crate) fn load_failed(&mut self, order: &LoadOrder, now: Instant) {
        if let Some(run) = self.runs.get_mut(&order.run) {
            run.load_failed();
            self.reschedule(order.run, now);
        }
    }

    /// The leases of emitters that have been idle for `after`, to be given back.
    pub(crate) fn retire_idle(&mut self, after: Duration, now: Instant) -> Vec<(EmitterId, Epoch)> {
        let mut retired = Vec::new();
        for run in self.runs.values_mut() {
            let Ownership::Held(epoch) = run.ownership else {
                continue;
            };
            if !run.is_idle() {
                run.idle_since = None;
            } else if now.duration_since(*run.idle_since.get_or_insert(now)) >= after {
                run.ownership = Ownership::GivingBack;
                retired.push((run.emitter.id.clone(), epoch));
            }
        }
        retired.sort_unstable();
        retired
    }

    /// The store has these leases back; what was emitted meanwhile asks for a new one.
    pub(crate) fn given_back(&mut self, emitters: &[(EmitterId, Epoch)]) {
        for (emitter, _) in emitters {
            let Some(run) = self.run_of(emitter) else {
                continue;
            };
            if run.ownership != Ownership::GivingBack {
                continue;
            }
            if run.is_idle() {
                self.stop(emitter);
            } else {
                run.ownership = Ownership::Wanted;
                self.to_lease.insert(emitter.clone());
            }
        }
    }

    /// All leases, to be given back at the end.
    pub(crate) fn all_leases(&self) -> Vec<(EmitterId, Epoch)> {
        let mut leases: Vec<_> = self
            .runs
            .values()
            .filter_map(|run| Some((run.emitter.id.clone(), run.epoch()?)))
            .collect();
        leases.sort_unstable();
        leases
    }
}

/// A page of a load, to be asked of the store.
#[derive(Debug)]
pub(crate) struct LoadOrder {
    run: RunId,
    pub(crate) emitter: EmitterId,
    pub(crate) epoch: Epoch,
    pub(crate) lanes: u32,
    pub(crate) rows: usize,
    pub(crate) bytes: usize,
    pub(crate) scan: Scan,
}

fn class_of(run: &Run) -> Class {
    if run.cool_down.is_proven() {
        Class::Proven
    } else {
        Class::Unproven
    }
}

fn other(class: Class) -> Class {
    match class {
        Class::Proven => Class::Unproven,
        Class::Unproven => Class::Proven,
    }
}

fn job(run: &Run, lane: u32, entry: Entry, slot: Slot, quantum: u32, now: Now) -> Option<Job> {
    Some(Job {
        emitter: run.emitter.clone(),
        url: run.url.clone(),
        epoch: run.epoch()?,
        entry,
        proven: run.cool_down.is_proven(),
        started: now,
        run: run.id,
        lane,
        slot,
        quantum,
    })
}

fn entry_of(row: PendingRow, now: Now) -> Entry {
    let due = now.instant_of(row.progress.due);
    Entry {
        seq: row.seq,
        message: row.message,
        progress: row.progress,
        due,
    }
}

fn retried(entry: &Entry, progress: Progress, now: Now) -> Entry {
    Entry {
        progress,
        due: now.instant_of(progress.due),
        ..entry.clone()
    }
}

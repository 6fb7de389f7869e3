//! Attempts that may start, and their outcomes.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Finished, Job, Now, Scheduler,
    job::{Quantum, class_of},
};
use crate::{
    delivery::{Attempt, Progress, Seq},
    emitter::EmitterId,
    engine::{
        budget::{Class, Slot},
        cool_down::CoolDown,
        judge::{Case, Judgement, judge},
        lane::Entry,
        run::{Readiness, Run, RunId},
    },
    store::{Epoch, Verdict},
};

/// So many outcomes may wait for the store before no attempt starts any more.
const MAX_UNSETTLED: usize = 8_192;

impl Scheduler {
    /// How many workers to start at `now`; they are counted as started. None where they would find nothing
    /// that may start: each would retire, and another be hired in its place.
    pub(crate) fn hire(&mut self, now: Instant) -> usize {
        if self.starts_nothing(now) {
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
            // What was in flight may have been dropped since it was hired, and the workers with it.
            self.workers = self.workers.saturating_sub(1);
        }
        job
    }

    fn pick(&mut self, now: Now) -> Option<Job> {
        if self.starts_nothing(now.instant) {
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

    fn starts_nothing(&self, now: Instant) -> bool {
        self.stopped || self.unsettled >= MAX_UNSETTLED || self.is_asleep(now)
    }

    fn start(&mut self, id: RunId, now: Now) -> Option<Job> {
        let run = self.runs.get_mut(&id)?;
        if run.readiness(now.instant) != Readiness::Now {
            return None;
        }
        let (lane, entry) = run.take()?;
        let slot = self.budget.acquire(class_of(run), now.instant);
        let quantum = Quantum::new(now.instant);
        let job = job(run, lane, entry, slot, quantum, now)?;
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
        // Without its run (the emitter was stopped meanwhile), or where that is of an emitter that was
        // attached anew, the outcome counts, nothing else.
        let mut nobody = CoolDown::default();
        let run = self
            .runs
            .get_mut(&job.run)
            .filter(|run| run.is_of(&job.emitter));
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
        if (judgement.gone || failing_too_long) && run.is_of(&job.emitter) {
            run.halt();
        }
        let next = self.go_on(job, now);
        self.reschedule(job.run, now.instant);
        next
    }

    /// The same lane's next delivery, if it is due and it is still this lane's turn.
    fn go_on(&mut self, job: &Job, now: Now) -> Option<Job> {
        let quantum = job.quantum.go_on(now.instant)?;
        let held_up = self.starts_nothing(now.instant);
        let run = self.runs.get_mut(&job.run)?;
        let class = class_of(run);
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

    /// An outcome was refused: its epoch is over.
    pub(crate) fn fenced(&mut self, emitter: &EmitterId, epoch: Epoch) {
        self.unsettled -= 1;
        let run = self.run_of(emitter);
        if let Some(run) = run.filter(|run| run.epoch() == Some(epoch)) {
            let id = run.id;
            self.lease_anew(id);
        }
    }
}

fn other(class: Class) -> Class {
    match class {
        Class::Proven => Class::Unproven,
        Class::Unproven => Class::Proven,
    }
}

fn job(run: &Run, lane: u32, entry: Entry, slot: Slot, quantum: Quantum, now: Now) -> Option<Job> {
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

fn retried(entry: &Entry, progress: Progress, now: Now) -> Entry {
    Entry {
        progress,
        due: now.instant_of(progress.due),
        ..entry.clone()
    }
}

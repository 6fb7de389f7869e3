//! Settling, and settling again.

use std::{sync::Arc, time::Duration};

use super::{
    both::Both,
    run::{Found, Held, Run, heard, pick, same},
    step::{End, Pick},
};
use crate::{
    delivery::{Attempt, AttemptFailure, AttemptOutcome, DeadReason, DeliveryKey, Progress, Seq},
    store::{Health, Settle, Settlement, Verdict},
    transport::AttemptErrorKind,
};

/// A delivery as a node has it in memory.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) key: DeliveryKey,
    pub(super) seq: Both<Seq>,
    pub(super) held: Held,
    pub(super) progress: Progress,
}

/// A batch of outcomes that was told.
pub(super) type Told = Both<Settle>;

impl Run {
    pub(super) async fn settle(&mut self, jobs: &[(Pick, End)], failures: Option<u32>) -> Found {
        let now = self.now();
        let mut told: Option<Told> = None;
        for (back, end) in jobs {
            let Some(at) = pick(&self.jobs, *back) else {
                return Ok(());
            };
            let (attempt, verdict) = self.ended(&self.jobs[at], *end);
            let job = self.jobs[at].clone();
            if let Verdict::Retry(progress) = verdict {
                self.jobs[at].progress = progress;
            }
            let told = told.get_or_insert_with(|| {
                let empty = Settle {
                    node: job.held.node,
                    settlements: Vec::new(),
                    health: Vec::new(),
                    now,
                };
                Both {
                    store: empty.clone(),
                    model: empty,
                }
            });
            let settlement = |seq, epoch| Settlement {
                key: job.key.clone(),
                seq,
                epoch,
                attempt: attempt.clone(),
                verdict,
            };
            let (seq, epoch) = (job.seq, job.held.epoch);
            told.store
                .settlements
                .push(settlement(seq.store, epoch.store));
            told.model
                .settlements
                .push(settlement(seq.model, epoch.model));
            if let Some(failures) = failures {
                let health = self.health(failures);
                let emitter = job.key.emitter;
                told.store
                    .health
                    .push((emitter.clone(), epoch.store, health));
                told.model.health.push((emitter, epoch.model, health));
            }
        }
        let Some(told) = told else {
            return Ok(());
        };
        self.told.push(told.clone());
        self.tell(told).await
    }

    /// As after an answer that was lost.
    pub(super) async fn settle_again(&mut self, batch: Pick) -> Found {
        match pick(&self.told, batch) {
            Some(at) => self.tell(self.told[at].clone()).await,
            None => Ok(()),
        }
    }

    async fn tell(&mut self, mut told: Told) -> Found {
        (told.store.now, told.model.now) = (self.now(), self.now());
        let store = heard("settle", self.world.store.settle(told.store)).await?;
        let model = self.model.settle(told.model);
        for outcome in &model {
            self.cover("settle", outcome);
        }
        same("settle", &store, &model)
    }

    fn ended(&self, job: &Job, end: End) -> (Arc<Attempt>, Verdict) {
        let (now, before) = (self.now(), job.progress);
        let number = before.attempts + 1;
        let retry = |wait: Duration| {
            Verdict::Retry(Progress {
                attempts: number,
                attempts_since_queued: before.attempts_since_queued + 1,
                first_attempt_at: before.first_attempt_at.or(Some(now)),
                due: now.saturating_add(wait),
            })
        };
        let failure = AttemptFailure {
            kind: AttemptErrorKind::Timeout,
            message: "no answer within 15 s".into(),
        };
        let (outcome, verdict) = match end {
            End::Delivered => (AttemptOutcome::Status(200), Verdict::Delivered),
            End::Retry(wait) => (AttemptOutcome::Status(503), retry(wait)),
            End::Lost(wait) => (AttemptOutcome::Failed(failure), retry(wait)),
            End::GivenUp => {
                let verdict = Verdict::Dead(DeadReason::MaxAttempts);
                (AttemptOutcome::Status(500), verdict)
            }
        };
        let mut attempt = self.world.attempt(number, 200);
        attempt.outcome = outcome;
        (Arc::new(attempt), verdict)
    }

    fn health(&self, failures: u32) -> Health {
        let failing = failures > 0;
        let soon = self.now().saturating_add(Duration::from_secs(5));
        Health {
            consecutive_failures: failures,
            cooling_until: failing.then_some(soon),
            failing_since: failing.then_some(self.now()),
        }
    }
}

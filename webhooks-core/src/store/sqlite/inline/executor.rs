//! Does each job at once, where it is asked for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{
    super::{
        executor::Executor,
        failure::Failure,
        job::{Failed, Job, Read, conclude, go_on},
        session::{FOLD, Session},
        tx::Tx,
    },
    crash::{Crash, Plan},
};
use crate::{Error, ErrorKind};

/// Does each job at once, where it is asked for. Clones are one.
#[derive(Clone)]
pub(super) struct Inline(Arc<Mutex<Process>>);

/// What a process has.
pub(super) struct Process {
    /// `None` once it is killed.
    session: Option<Session>,
    plan: Plan,
    folded: Option<Instant>,
}

impl Inline {
    pub(super) fn new(session: Session) -> Self {
        Self(Arc::new(Mutex::new(Process {
            session: Some(session),
            plan: Plan::default(),
            folded: None,
        })))
    }

    pub(super) fn process(&self) -> MutexGuard<'_, Process> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Executor for Inline {
    fn write(&self, job: Job) {
        let mut process = self.process();
        match job {
            Job::Together(mut call) => {
                let result = process.transact(|tx| call.run(tx));
                conclude(call, result);
            }
            Job::Steps(steps) => {
                let mut left = Some(steps);
                while let Some(mut steps) = left {
                    let result = process.transact(|tx| steps.step(tx));
                    left = go_on(steps, result);
                }
            }
        }
    }

    fn read(&self, job: Read) {
        if let Some(session) = &self.process().session {
            session.read(job);
        }
    }
}

impl Process {
    pub(super) fn is_killed(&self) -> bool {
        self.session.is_none()
    }

    /// Fails once it is killed.
    pub(super) fn alive(&self) -> Result<(), Error> {
        if self.is_killed() {
            Err(killed())
        } else {
            Ok(())
        }
    }

    /// Kills it.
    pub(super) fn kill(&mut self) {
        if let Some(session) = self.session.take() {
            session.kill();
        }
    }

    /// Says where it is killed; 1 is the next commit.
    pub(super) fn kill_at(&mut self, n: u64, crash: Crash) {
        self.plan.at(n, crash);
    }

    /// What the thread that writes does between its jobs.
    pub(super) fn look(&mut self) {
        let Some(session) = &mut self.session else {
            return;
        };
        session.look();
        let early = |folded: Instant| folded.elapsed() < FOLD;
        if session.is_tallied() && !self.folded.is_some_and(early) {
            session.fold();
            self.folded = Some(Instant::now());
        }
    }

    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        let Some(session) = &mut self.session else {
            return Err(Failed::Begin(killed()));
        };
        session.begin().map_err(Failed::Begin)?;
        let worked = session.work(work);
        let crash = worked.as_ref().ok().and_then(|_| self.plan.commit());
        if crash == Some(Crash::BeforeCommit) {
            self.kill();
            return Err(Failed::Begin(killed()));
        }
        let ended = session.end(worked);
        if crash == Some(Crash::AfterCommit) && ended.is_ok() {
            self.kill();
        }
        ended.map_err(Failed::Within)
    }
}

fn killed() -> Error {
    Error::new(ErrorKind::Store, "the process of this store was killed")
}

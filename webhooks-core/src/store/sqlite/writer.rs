//! The one thread that writes: everything that waits goes into one transaction (group commit).

use std::{
    collections::VecDeque,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    job::{Failed, Job, Steps, Together, conclude, ended, go_on},
    session::{FOLD, LOOK, Session, now},
};
use crate::{Error, ErrorKind};

/// A transaction that others may join waits no longer than this for the next of them, and not much
/// longer in all: callers that wait for their answers ask again as soon as they have them.
const NEXT: Duration = Duration::from_micros(50);
const ALL: Duration = Duration::from_micros(300);
/// So many calls share a transaction at most.
const MAX_TOGETHER: usize = 1_024;

/// The way to the thread that writes.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: mpsc::Sender<Job>,
}

impl Writer {
    /// Starts the thread. It ends once nobody can ask it any more, and after the readers: the last
    /// connection that is closed writes the WAL back and removes it, and of two at once none is the last.
    pub(super) fn start(session: Session, readers: Vec<JoinHandle<()>>) -> Result<Self, Error> {
        let (jobs, asked) = mpsc::channel();
        let mut thread = WriterThread {
            session,
            looked: None,
            folded: None,
            together: 0,
            steps: VecDeque::new(),
        };
        let spawned = thread::Builder::new()
            .name("webhooks-sqlite".to_owned())
            .spawn(move || {
                thread.run(&asked);
                for reader in readers {
                    // One that panicked has ended, too.
                    let _ = reader.join();
                }
            });
        spawned.map_err(|error| {
            Error::new(ErrorKind::Store, "the database's thread cannot be started")
                .with_source(error)
        })?;
        Ok(Self { jobs })
    }

    /// Hands a job over. One that nobody takes any more fails.
    pub(super) fn send(&self, job: Job) {
        if let Err(mpsc::SendError(job)) = self.jobs.send(job) {
            match job {
                Job::Together(call) => call.fail(ended()),
                Job::Steps(steps) => steps.end(Err(ended())),
            }
        }
    }
}

struct WriterThread {
    session: Session,
    looked: Option<Instant>,
    folded: Option<Instant>,
    /// How many calls shared the last transaction.
    together: usize,
    steps: VecDeque<Box<dyn Steps>>,
}

impl WriterThread {
    fn run(&mut self, asked: &mpsc::Receiver<Job>) {
        loop {
            let mut together = Vec::new();
            if self.steps.is_empty() {
                match asked.recv_timeout(LOOK) {
                    Ok(job) => self.take(job, &mut together),
                    Err(mpsc::RecvTimeoutError::Timeout) => {}
                    Err(mpsc::RecvTimeoutError::Disconnected) => return,
                }
            }
            self.gather(asked, &mut together);
            if !together.is_empty() {
                self.together = together.len();
                self.run_together(together);
            }
            self.run_step();
            self.look();
            self.fold();
        }
    }

    /// Takes whatever waits, and what comes right behind it if the last transaction was shared.
    fn gather(&mut self, asked: &mpsc::Receiver<Job>, together: &mut Vec<Box<dyn Together>>) {
        let mut deadline = None;
        while together.len() < MAX_TOGETHER {
            if let Ok(job) = asked.try_recv() {
                self.take(job, together);
                continue;
            }
            let alone = together.is_empty() || self.together <= 1;
            if alone || now() >= *deadline.get_or_insert_with(|| now() + ALL) {
                return;
            }
            match asked.recv_timeout(NEXT) {
                Ok(job) => self.take(job, together),
                Err(_) => return,
            }
        }
    }

    fn take(&mut self, job: Job, together: &mut Vec<Box<dyn Together>>) {
        match job {
            Job::Together(call) => together.push(call),
            Job::Steps(steps) => self.steps.push_back(steps),
        }
    }

    /// Runs calls in one transaction; if that fails, each in one of its own, so that none fails for
    /// another's sake.
    fn run_together(&mut self, mut calls: Vec<Box<dyn Together>>) {
        match self
            .session
            .transact(|tx| calls.iter_mut().try_for_each(|call| call.run(tx)))
        {
            Ok(()) => return calls.into_iter().for_each(Together::answer),
            Err(Failed::Begin(busy)) => {
                for call in calls {
                    call.fail(again(&busy));
                }
                return;
            }
            Err(Failed::Within(failure)) if calls.len() == 1 => {
                let error = failure.into_error();
                return calls.into_iter().for_each(|call| call.fail(again(&error)));
            }
            Err(Failed::Within(_)) => {}
        }
        for mut call in calls {
            let result = self.session.transact(|tx| call.run(tx));
            conclude(call, result);
        }
    }

    /// Runs a part of what takes long, and puts the rest behind others of its kind.
    fn run_step(&mut self) {
        let Some(mut steps) = self.steps.pop_front() else {
            return;
        };
        let result = self.session.transact(|tx| steps.step(tx));
        self.steps.extend(go_on(steps, result));
    }

    /// Looks now and then whether another connection wrote something for engines.
    fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        self.looked = Some(now());
        self.session.look();
    }

    /// Adds up what was counted, now and then.
    fn fold(&mut self) {
        let early = |folded: Instant| folded.elapsed() < FOLD;
        if !self.session.is_tallied() || self.folded.is_some_and(early) {
            return;
        }
        self.session.fold();
        self.folded = Some(now());
    }
}

/// The same error for one more call.
fn again(error: &Error) -> Error {
    let text = error.to_string();
    match std::error::Error::source(error) {
        Some(source) => Error::new(error.kind(), text).with_source(source.to_string()),
        None => Error::new(error.kind(), text),
    }
}

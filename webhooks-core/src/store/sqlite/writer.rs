//! The one thread that writes: everything that waits goes into one transaction (group commit).

use std::{
    collections::VecDeque,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    failure::{Failure, from_sqlite, is_busy},
    job::{Job, Steps, Together, ended},
    ops,
    tx::{Context, Memo, Tx},
};
use crate::{Error, ErrorKind, observe};

/// How often the database is looked at for what others wrote.
const LOOK: Duration = Duration::from_millis(20);
/// How often what transactions counted is added up.
const FOLD: Duration = Duration::from_secs(1);
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
    pub(super) fn start(
        connection: Connection,
        context: Arc<Context>,
        patience: Duration,
        changes: watch::Sender<u64>,
        readers: Vec<JoinHandle<()>>,
    ) -> Result<Self, Error> {
        let (jobs, asked) = mpsc::channel();
        let mut thread = WriterThread {
            connection,
            context,
            patience,
            changes,
            memo: Memo::default(),
            memo_version: None,
            seen_version: 0,
            seen_table: 0,
            looked: None,
            folded: None,
            tallied: true,
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
    connection: Connection,
    context: Arc<Context>,
    /// How long another transaction is waited for.
    patience: Duration,
    changes: watch::Sender<u64>,
    memo: Memo,
    /// The version of the database that the memo is of.
    memo_version: Option<i64>,
    /// The version that was looked at last for what others wrote.
    seen_version: i64,
    seen_table: u64,
    looked: Option<Instant>,
    folded: Option<Instant>,
    /// There may be something to be added up.
    tallied: bool,
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
        match self.transact(|tx| calls.iter_mut().try_for_each(|call| call.run(tx))) {
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
            match self.transact(|tx| call.run(tx)) {
                Ok(()) => call.answer(),
                Err(failed) => call.fail(failed.into_error()),
            }
        }
    }

    /// Runs a part of what takes long, and puts the rest behind others of its kind.
    fn run_step(&mut self) {
        let Some(mut steps) = self.steps.pop_front() else {
            return;
        };
        match self.transact(|tx| steps.step(tx)) {
            Ok(false) => self.steps.push_back(steps),
            Ok(true) => steps.end(Ok(())),
            Err(failed) => steps.end(Err(failed.into_error())),
        }
    }

    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        self.begin().map_err(Failed::Begin)?;
        let mut tx = Tx::new(&self.connection, &self.context, &mut self.memo);
        let result = refresh(&mut tx, &mut self.memo_version)
            .and_then(|()| work(&mut tx))
            .and_then(|done| tx.finish().map(|()| done));
        let for_others = tx.for_others;
        let result = result.and_then(|done| match self.execute("COMMIT") {
            Ok(()) => Ok(done),
            Err(error) => Err(error.into()),
        });
        if result.is_err() {
            self.memo.clear();
            // SQLite may have rolled back on its own.
            if !self.connection.is_autocommit()
                && let Err(error) = self.execute("ROLLBACK")
            {
                tracing::error!(target: observe::STORE, %error, "a transaction cannot be rolled back");
            }
        } else {
            self.tallied = true;
            if for_others {
                self.announce();
            }
        }
        result.map_err(Failed::Within)
    }

    /// Begins a transaction; another connection's is waited for, in short steps, since the
    /// application's own are short.
    fn begin(&self) -> Result<(), Error> {
        let mut deadline = None;
        let mut pause = Duration::from_micros(200);
        loop {
            match self.execute("BEGIN IMMEDIATE") {
                Ok(()) => return Ok(()),
                Err(error) if is_busy(&error) => {
                    let now = now();
                    if now >= *deadline.get_or_insert(now + self.patience) {
                        return Err(from_sqlite(error));
                    }
                    thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(5));
                }
                Err(error) => return Err(from_sqlite(error)),
            }
        }
    }

    fn execute(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    /// Looks whether another connection wrote something for engines: our own commits do not show in
    /// the version.
    fn look(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK) {
            return;
        }
        self.looked = Some(now());
        match self.look_for_others() {
            Ok(true) => self.announce(),
            Ok(false) => {}
            Err(failure) => {
                let error = failure.into_error();
                tracing::warn!(target: observe::STORE, %error, "the database cannot be looked at");
            }
        }
    }

    /// Adds up what was counted, now and then.
    fn fold(&mut self) {
        let early = |folded: Instant| folded.elapsed() < FOLD;
        if !self.tallied || self.folded.is_some_and(early) {
            return;
        }
        if let Err(failed) = self.transact(ops::tally::fold) {
            let error = failed.into_error();
            tracing::warn!(target: observe::STORE, %error, "what was counted cannot be added up");
        }
        self.folded = Some(now());
        self.tallied = false;
    }

    fn look_for_others(&mut self) -> Result<bool, Failure> {
        let version = data_version(&self.connection)?;
        if version == self.seen_version {
            return Ok(false);
        }
        self.seen_version = version;
        self.tallied = true;
        let tx = Tx::new(&self.connection, &self.context, &mut self.memo);
        let table = ops::version(&tx)?;
        let marked: bool = tx.value(&tx.sql().any_mark, [])?;
        let changed = std::mem::replace(&mut self.seen_table, table) != table;
        Ok(changed || marked)
    }

    fn announce(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

/// Forgets the memo if another connection wrote since.
fn refresh(tx: &mut Tx<'_>, memo_version: &mut Option<i64>) -> Result<(), Failure> {
    let version = data_version(tx.connection)?;
    if memo_version.replace(version) != Some(version) {
        tx.memo.clear();
    }
    Ok(())
}

/// Changes whenever another connection commits.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("PRAGMA data_version")?
        .query_row([], |row| row.get(0))
}

/// Why a transaction failed.
enum Failed {
    /// It did not begin.
    Begin(Error),
    Within(Failure),
}

impl Failed {
    fn into_error(self) -> Error {
        match self {
            Self::Begin(error) => error,
            Self::Within(failure) => failure.into_error(),
        }
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

/// The thread's own clock: how long it waits has nothing to do with the time that is handed in.
#[allow(clippy::disallowed_methods, reason = "a thread has no tokio timer")]
fn now() -> Instant {
    Instant::now()
}

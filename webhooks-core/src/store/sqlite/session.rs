//! The connection that writes: one transaction after another, and what is known between them.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rusqlite::Connection;
use tokio::sync::watch;

use super::{
    failure::{Failure, from_sqlite, is_busy},
    job::Failed,
    ops,
    tx::{Context, Memo, Tx},
};
use crate::{Error, observe};

/// How often the database is to be looked at for what others wrote.
pub(super) const LOOK: Duration = Duration::from_millis(20);
/// How often what transactions counted is to be added up.
pub(super) const FOLD: Duration = Duration::from_secs(1);

/// The connection that writes. When it looks and adds up is for its holder to say.
pub(super) struct Session {
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
    /// There may be something to be added up.
    tallied: bool,
}

/// What a transaction did that is not committed yet.
pub(super) struct Uncommitted<T> {
    done: T,
    for_others: bool,
}

impl Session {
    pub(super) fn new(
        connection: Connection,
        context: Arc<Context>,
        patience: Duration,
        changes: watch::Sender<u64>,
    ) -> Self {
        Self {
            connection,
            context,
            patience,
            changes,
            memo: Memo::default(),
            memo_version: None,
            seen_version: 0,
            seen_table: 0,
            tallied: true,
        }
    }

    /// Does some work in a transaction.
    pub(super) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failed> {
        self.begin().map_err(Failed::Begin)?;
        let result = self.work(work);
        self.end(result).map_err(Failed::Within)
    }

    /// Does some work in the transaction that has begun.
    pub(super) fn work<T>(
        &mut self,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, Failure>,
    ) -> Result<Uncommitted<T>, Failure> {
        let mut tx = Tx::new(&self.connection, &self.context, &mut self.memo);
        let done = refresh(&mut tx, &mut self.memo_version)
            .and_then(|()| work(&mut tx))
            .and_then(|done| tx.finish().map(|()| done))?;
        let for_others = tx.for_others;
        Ok(Uncommitted { done, for_others })
    }

    /// Ends the transaction that has begun: commits it, or rolls it back where its work failed.
    pub(super) fn end<T>(&mut self, result: Result<Uncommitted<T>, Failure>) -> Result<T, Failure> {
        let result = result.and_then(|done| match self.execute("COMMIT") {
            Ok(()) => Ok(done),
            Err(error) => Err(error.into()),
        });
        match result {
            Ok(Uncommitted { done, for_others }) => {
                self.tallied = true;
                if for_others {
                    self.announce();
                }
                Ok(done)
            }
            Err(failure) => {
                self.memo.clear();
                // SQLite may have rolled back on its own.
                if !self.connection.is_autocommit()
                    && let Err(error) = self.execute("ROLLBACK")
                {
                    tracing::error!(target: observe::STORE, %error, "a transaction cannot be rolled back");
                }
                Err(failure)
            }
        }
    }

    /// Begins a transaction; another connection's is waited for, in short steps, since the
    /// application's own are short.
    pub(super) fn begin(&self) -> Result<(), Error> {
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
    pub(super) fn look(&mut self) {
        match self.look_for_others() {
            Ok(true) => self.announce(),
            Ok(false) => {}
            Err(failure) => {
                let error = failure.into_error();
                tracing::warn!(target: observe::STORE, %error, "the database cannot be looked at");
            }
        }
    }

    /// Whether there may be something to be added up.
    pub(super) fn is_tallied(&self) -> bool {
        self.tallied
    }

    /// Adds up what was counted.
    pub(super) fn fold(&mut self) {
        if let Err(failed) = self.transact(ops::tally::fold) {
            let error = failed.into_error();
            tracing::warn!(target: observe::STORE, %error, "what was counted cannot be added up");
        }
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

/// What a session is for where it has no thread, and no readers beside it.
#[cfg(any(test, feature = "conformance"))]
impl Session {
    /// Reads.
    pub(super) fn read(&self, job: super::job::Read) {
        let mut memo = Memo::default();
        job(&mut Tx::new(&self.connection, &self.context, &mut memo));
    }

    /// Ends as that of a killed process does: a transaction that has begun is not committed, the WAL
    /// stays as it is, locks are let go of.
    pub(super) fn kill(self) {
        use rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
        let kept = self
            .connection
            .set_db_config(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        if let Err(error) = kept {
            tracing::warn!(target: observe::STORE, %error, "a WAL will not stay as it is");
        }
        self.context.locks.abandon();
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

/// The thread's own clock: how long it waits has nothing to do with the time that is handed in.
#[allow(clippy::disallowed_methods, reason = "a thread has no tokio timer")]
pub(super) fn now() -> Instant {
    Instant::now()
}

//! Asking the database: how long it is waited for, and what is asked again.

use std::{pin::Pin, sync::Arc, time::Duration};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::failure::{Cause, Failure};
use crate::{Error, ErrorKind, env::Env};

/// What is done with a connection.
pub(super) type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'c>>;

/// Whether what may have been done can be asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Again {
    /// Done twice, it is as if it were done once.
    Yes,
    /// Only if it was not asked at all, or is known to have been rolled back.
    No,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) struct Unanswered {
    pub(super) error: Error,
    /// It may have been done all the same, or may still be.
    pub(super) may_be_done: bool,
}

/// Asks the database.
pub(super) struct Runner {
    pub(super) pool: PgPool,
    /// How long a database that is away is waited for.
    pub(super) patience: Duration,
    /// How long an answer is waited for; longer than the database itself takes at most.
    pub(super) timeout: Duration,
    /// What a transaction around everything begins with, where connections are handed out by transactions.
    pub(super) around: Option<Arc<str>>,
    pub(super) env: Env,
}

/// Before the first time that something is asked again after the database was away.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// So often transactions that were in each other's way are tried again.
const CONFLICTS: u32 = 10;

impl Runner {
    /// Does this work on a connection; waits while the database is away.
    ///
    /// Must run to its end: a connection is not dropped in the middle of an answer.
    pub(super) async fn run<T>(
        &self,
        again: Again,
        work: impl for<'c> Fn(&'c mut PgConnection) -> Work<'c, T>,
    ) -> Result<T, Unanswered> {
        let give_up = Instant::now() + self.patience;
        let mut pause = FIRST_PAUSE;
        let mut conflicts = 0;
        let mut may_be_done = false;
        loop {
            let (failure, was_asked) = match self.once(again, give_up, &work).await {
                Ok(done) => return Ok(done),
                Err(Once::NotAsked(failure)) => (failure, false),
                Err(Once::Failed(failure)) => (failure, true),
                Err(Once::Silent) => {
                    return Err(Unanswered {
                        error: silent(self.timeout),
                        may_be_done: true,
                    });
                }
            };
            let pausing = match failure.cause() {
                Cause::Answered => None,
                Cause::Conflict => {
                    conflicts += 1;
                    let pausing = FIRST_PAUSE.mul_f64(self.env.unit());
                    (conflicts <= CONFLICTS).then_some(pausing)
                }
                Cause::Away => {
                    may_be_done |= was_asked;
                    let pausing = pause.mul_f64(0.5 + self.env.unit() / 2.0);
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    let can = again == Again::Yes || !was_asked;
                    (can && Instant::now() + pausing < give_up).then_some(pausing)
                }
            };
            match pausing {
                Some(pausing) => sleep(pausing).await,
                None => {
                    return Err(Unanswered {
                        error: failure.into_error(),
                        may_be_done,
                    });
                }
            }
        }
    }

    async fn once<T>(
        &self,
        again: Again,
        give_up: Instant,
        work: &impl for<'c> Fn(&'c mut PgConnection) -> Work<'c, T>,
    ) -> Result<T, Once> {
        let acquired = timeout_at(give_up, self.pool.acquire()).await;
        let mut connection = match acquired {
            Ok(Ok(connection)) => connection,
            Ok(Err(error)) => return Err(Once::NotAsked(error.into())),
            Err(_) => return Err(Once::NotAsked(sqlx::Error::PoolTimedOut.into())),
        };
        if again == Again::No {
            // A connection may have been cut while it lay idle: better to know before than after.
            match timeout(self.timeout, connection.ping()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    drop(connection.detach());
                    return Err(Once::NotAsked(error.into()));
                }
                Err(_) => {
                    drop(connection.detach());
                    return Err(Once::NotAsked(sqlx::Error::PoolTimedOut.into()));
                }
            }
        }
        match timeout(self.timeout, self.work(&mut connection, work)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(failure)) => {
                if failure.cause() == Cause::Away {
                    drop(connection.detach());
                }
                Err(Once::Failed(failure))
            }
            Err(_) => {
                drop(connection.detach());
                Err(Once::Silent)
            }
        }
    }

    async fn work<T>(
        &self,
        connection: &mut PgConnection,
        work: &impl for<'c> Fn(&'c mut PgConnection) -> Work<'c, T>,
    ) -> Result<T, Failure> {
        let Some(around) = &self.around else {
            return work(connection).await;
        };
        let around = AssertSqlSafe(around.clone());
        let mut transaction = connection.begin_with(around).await?;
        let done = work(&mut transaction).await?;
        transaction.commit().await?;
        Ok(done)
    }
}

/// How one try failed.
enum Once {
    NotAsked(Failure),
    Failed(Failure),
    /// No answer came in time.
    Silent,
}

fn silent(timeout: Duration) -> Error {
    Error::new(
        ErrorKind::Store,
        format!("the database did not answer within {} s", timeout.as_secs()),
    )
}

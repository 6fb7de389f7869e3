//! Who is told of what was written: those who wait in this process, and the other processes.

use std::{sync::Arc, time::Duration};

use sqlx::{
    Executor as _, PgPool,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};

use super::{PostgresOptions, ops, runner::Again, runner::Runner, tx::Context};
use crate::observe;

/// At most so often other processes are told: PostgreSQL has one lock for all commits that tell.
const DEBOUNCE: Duration = Duration::from_millis(5);
const COMMIT: Duration = Duration::from_millis(20);
/// Behind the notifications, which may be lost with their connection.
const POLL: Duration = Duration::from_secs(1);
/// Where there are none.
const POLL_ALONE: Duration = Duration::from_millis(200);
/// How long a connection may say nothing before it is asked whether it is there.
const SILENCE: Duration = Duration::from_secs(20);
const ANSWER: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Who is told of what was written.
pub(super) struct Signals {
    changes: watch::Sender<u64>,
    /// Other processes are to be told.
    to_tell: Notify,
    pub(super) channel: Box<str>,
    /// Tells what this process says from what others say.
    handle: Box<str>,
    /// What is to be told is not committed yet: a transaction is around it.
    is_early: bool,
}

impl Signals {
    pub(super) fn new(options: &PostgresOptions) -> Self {
        Self {
            changes: watch::Sender::new(0),
            to_tell: Notify::new(),
            channel: format!("{}.changes", options.schema).into(),
            handle: options.env.uuid_v4().simple().to_string().into(),
            is_early: options.transaction_pooling,
        }
    }

    /// Tells everybody, other processes soon.
    pub(super) fn tell(&self) {
        if !self.is_early {
            self.wake();
        }
        self.to_tell.notify_one();
    }

    /// Tells those in this process.
    pub(super) fn wake(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}

/// Tells other processes, many changes at once.
pub(super) async fn notify(cx: Arc<Context>, runner: Arc<Runner>) {
    let signals = &cx.signals;
    loop {
        signals.to_tell.notified().await;
        if signals.is_early {
            // The commit takes a moment. Where that is not enough, the next poll finds it.
            sleep(COMMIT).await;
            signals.wake();
        }
        let cx = cx.clone();
        let told = runner.run(Again::Yes, move |connection| {
            let cx = cx.clone();
            Box::pin(async move {
                sqlx::query("SELECT pg_notify($1, $2)")
                    .persistent(cx.sql.version.is_prepared)
                    .bind(&*cx.signals.channel)
                    .bind(&*cx.signals.handle)
                    .execute(connection)
                    .await?;
                Ok(())
            })
        });
        if let Err(unanswered) = told.await {
            // They poll.
            tracing::debug!(target: observe::STORE, error = %unanswered.error, "other nodes could not be told");
        }
        sleep(DEBOUNCE).await;
    }
}

/// Listens to other processes, and to transactions of the application's; comes back when the connection is
/// lost, and has whoever waits look for what was missed.
pub(super) async fn listen(signals: Arc<Signals>, to: PgConnectOptions) {
    let mut pause = Duration::from_millis(50);
    loop {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ANSWER)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(to.clone());
        match follow(&signals, &pool, &mut pause).await {
            Ok(()) => {
                tracing::debug!(target: observe::STORE, "the listening connection was lost");
            }
            Err(error) => {
                tracing::debug!(target: observe::STORE, %error, "changes cannot be listened for");
            }
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

async fn follow(signals: &Signals, pool: &PgPool, pause: &mut Duration) -> sqlx::Result<()> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen(&signals.channel).await?;
    *pause = Duration::from_millis(50);
    signals.wake();
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                if notification.payload() != &*signals.handle {
                    signals.wake();
                }
            }
            Ok(Ok(None)) => return Ok(()),
            Ok(Err(error)) => return Err(error),
            Err(_) => {
                let asked = timeout(ANSWER, listener.execute("SELECT 1")).await;
                let Ok(answered) = asked else { return Ok(()) };
                answered?;
            }
        }
    }
}

/// Looks every now and then for what nobody told.
pub(super) async fn poll(cx: Arc<Context>, runner: Arc<Runner>, listens: bool) {
    let every = if listens { POLL } else { POLL_ALONE };
    let mut last = None;
    loop {
        sleep(every).await;
        let of_work = cx.clone();
        let looked = runner.run(Again::Yes, move |connection| {
            let cx = of_work.clone();
            Box::pin(async move { ops::look(connection, &cx).await })
        });
        let Ok((version, marked)) = looked.await else {
            continue;
        };
        if marked || last.is_some_and(|last| last != version) {
            cx.signals.wake();
        }
        last = Some(version);
    }
}

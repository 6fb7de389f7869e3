//! The handle: each method hands its work to a task, which goes on when nobody waits for it any more.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use sqlx::{PgConnection, postgres::PgConnectOptions};
use tokio::{sync::watch, task::JoinSet};

use super::{
    PostgresOptions,
    appender::{Appender, Way},
    migrations, ops,
    runner::{Again, Runner, Unanswered, Work},
    signals,
    tasks::to_the_end,
    tx::Context,
    upkeep,
};
use crate::{
    Error,
    emitter::EmitterId,
    observe,
    store::{Load, Migration, SecretsKey},
};

/// A store in PostgreSQL. Clones are one.
///
/// It belongs to the tokio runtime that it was connected in.
#[derive(Clone)]
pub struct PostgresStore {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    options: PostgresOptions,
    pub(super) way: Way,
    pub(super) appender: Arc<Appender>,
    pub(super) changed: watch::Receiver<u64>,
    /// How far pruning has come.
    pub(super) places: Mutex<ops::Places>,
    /// They end with the last handle.
    _tasks: JoinSet<()>,
}

impl PostgresStore {
    /// Connects to the store in the database at this URL, in the schema `webhooks`, which is made if it is
    /// not there, with its tables. Secrets are sealed with `key`, the same one on every node.
    ///
    /// # Errors
    /// As [`PostgresOptions::new`] and [`PostgresOptions::connect`].
    pub async fn connect(url: &str, key: SecretsKey) -> Result<Self, Error> {
        PostgresOptions::new(url, key)?.connect().await
    }

    /// The statements that make the tables, for those who run migrations with a tool of their own. They
    /// are written with the schema `webhooks`, which must be there.
    #[must_use]
    pub fn migrations() -> &'static [Migration] {
        migrations::MIGRATIONS
    }

    pub(super) fn start(
        options: PostgresOptions,
        to: PgConnectOptions,
        cx: Arc<Context>,
        runner: Runner,
    ) -> Self {
        let runner = Arc::new(runner);
        let changed = cx.signals.subscribe();
        let mut tasks = JoinSet::new();
        let listens = !options.transaction_pooling;
        tasks.spawn(signals::notify(cx.clone(), runner.clone()));
        tasks.spawn(signals::poll(cx.clone(), runner.clone(), listens));
        tasks.spawn(upkeep::run(cx.clone(), runner.clone()));
        if listens {
            tasks.spawn(signals::listen(cx.signals.clone(), to));
        }
        let unheard = Arc::default();
        Self {
            inner: Arc::new(Inner {
                options,
                way: Way {
                    runner,
                    cx,
                    unheard,
                },
                appender: Arc::new(Appender::new()),
                changed,
                places: Mutex::default(),
                _tasks: tasks,
            }),
        }
    }

    pub(super) fn context(&self) -> &Context {
        &self.inner.way.cx
    }

    pub(super) fn schema(&self) -> &str {
        &self.inner.options.schema
    }

    /// Does this work to its end, whether or not it is waited for.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        again: Again,
        work: impl for<'c> Fn(&'c mut PgConnection, Arc<Context>) -> Work<'c, T> + Send + Sync + 'static,
    ) -> Result<T, Error> {
        let asked = self.try_ask(again, work).await;
        asked.map_err(|unanswered| unanswered.error)
    }

    async fn try_ask<T: Send + 'static>(
        &self,
        again: Again,
        work: impl for<'c> Fn(&'c mut PgConnection, Arc<Context>) -> Work<'c, T> + Send + Sync + 'static,
    ) -> Result<T, Unanswered> {
        let Way { runner, cx, .. } = self.inner.way.clone();
        to_the_end(async move {
            runner
                .run(again, move |connection| work(connection, cx.clone()))
                .await
        })
        .await
    }

    /// Discards what is taken down to be discarded of this emitter.
    pub(super) async fn discard_backlog(&self, emitter: EmitterId) {
        let emitter = Arc::new(emitter);
        loop {
            let emitter = emitter.clone();
            let more = self.ask(Again::Yes, move |connection, cx| {
                let emitter = emitter.clone();
                Box::pin(
                    async move { ops::go_on_discarding(connection, &cx, Some(&*emitter)).await },
                )
            });
            match more.await {
                Ok(true) => {}
                Ok(false) => return,
                // Nothing of it is loaded any more, and upkeep goes on where this failed.
                Err(error) => {
                    tracing::warn!(target: observe::STORE, %error, "a backlog is discarded in part: the rest follows");
                    return;
                }
            }
        }
    }

    /// Gives the emitters of appends that were never answered a new epoch.
    pub(super) async fn hear_appends(&self, loads: &[Load]) -> Result<(), Error> {
        for (node, claims) in self.inner.way.unheard.of_loads(loads) {
            let claims = Arc::new(claims);
            let of_work = claims.clone();
            self.ask(Again::Yes, move |connection, cx| {
                let claims = of_work.clone();
                Box::pin(async move {
                    let claims = claims.iter().map(|(emitter, epoch)| (emitter, *epoch));
                    ops::new_epoch(connection, &cx, node, &claims.collect()).await
                })
            })
            .await?;
            self.inner.way.unheard.heard(node, &claims);
        }
        Ok(())
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresStore")
            .field(&self.inner.options)
            .finish()
    }
}

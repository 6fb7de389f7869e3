//! A database that processes come and go on, one simulation after the other.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{runtime, time::Instant};
use webhooks_core::{
    env::{Env, SystemRandom, Timestamp},
    store::{
        conformance::{InlineSqlite, Synchronous},
        sqlite::SqliteOptions,
    },
};

/// A database, and the time.
pub(crate) struct Place {
    directory: TempDir,
    now: Arc<Mutex<Timestamp>>,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            now: Arc::new(Mutex::new(Timestamp::from_micros(1_769_860_800_000_000))),
        }
    }

    /// A wall clock that goes as tokio's does from here on.
    pub(crate) fn clock(&self) -> Env {
        let (begin, start, last) = (Instant::now(), *self.now.lock().unwrap(), self.now.clone());
        let now = move || {
            let now = start.saturating_add(begin.elapsed());
            *last.lock().unwrap() = now;
            now
        };
        Env::new(now, SystemRandom)
    }

    /// The store of another process.
    pub(crate) fn open(&self, env: &Env) -> InlineSqlite {
        let path = self.directory.path().join("webhooks.db");
        let options = SqliteOptions::new(path).env(env.clone());
        InlineSqlite::open(options, Synchronous::Off).unwrap()
    }

    /// Runs what a machine does from now on; nothing of it is left at the end. Returns the answer and
    /// how much time went by.
    pub(crate) fn simulate<T>(&self, machine: impl AsyncFnOnce(Env) -> T) -> (T, Duration) {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let (env, begin) = (self.clock(), Instant::now());
            let answer = machine(env.clone()).await;
            let _ = env.now();
            (answer, begin.elapsed())
        })
    }
}

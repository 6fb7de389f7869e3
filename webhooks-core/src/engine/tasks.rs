//! The engine's tasks. A panic in one of them reaches whoever shuts the engine down.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
};

use tokio::{
    runtime::Handle,
    task::{JoinError, JoinSet},
};

use crate::env::Wrap;

/// Tasks that end with the engine.
pub(crate) struct Tasks {
    runtime: Handle,
    wrap: Option<Wrap>,
    set: Mutex<JoinSet<()>>,
    panics: Mutex<Vec<JoinError>>,
}

impl Tasks {
    /// # Panics
    /// Outside a tokio runtime.
    pub(crate) fn new(wrap: Option<Wrap>) -> Self {
        Self {
            runtime: Handle::current(),
            wrap,
            set: Mutex::new(JoinSet::new()),
            panics: Mutex::new(Vec::new()),
        }
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        match &self.wrap {
            None => set.spawn_on(task, &self.runtime),
            Some(wrap) => set.spawn_on(wrap(Box::pin(task)), &self.runtime),
        };
        // Workers end often: what ended is taken out here, so that the set stays small.
        while let Some(ended) = set.try_join_next() {
            self.keep_panic(ended);
        }
    }

    fn keep_panic(&self, ended: Result<(), JoinError>) {
        if let Err(error) = ended
            && error.is_panic()
        {
            tracing::error!(target: crate::observe::ENGINE, %error, "a task of the engine panicked");
            self.panics
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(error);
        }
    }

    /// Ends all tasks where they stand.
    pub(crate) fn abort(&self) {
        self.set
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
    }

    /// Ends all tasks and waits for their end.
    ///
    /// # Panics
    /// If one of them panicked, with its panic.
    pub(crate) async fn end(&self) {
        let mut set = std::mem::take(&mut *self.set.lock().unwrap_or_else(PoisonError::into_inner));
        set.abort_all();
        while let Some(ended) = set.join_next().await {
            self.keep_panic(ended);
        }
        let first = self
            .panics
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        if let Some(panic) = first {
            std::panic::resume_unwind(panic.into_panic());
        }
    }
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").finish_non_exhaustive()
    }
}

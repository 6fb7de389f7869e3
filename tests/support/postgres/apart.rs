//! Work on a thread of its own.

use std::thread::{Builder, JoinHandle};

/// Runs this on a thread and a runtime of its own: so it does where nothing can be awaited, also in a
/// `Drop`, and no test pauses its clock. `None` is a panic, or a machine that has no thread left.
pub(super) fn apart<T, F>(work: impl FnOnce() -> F + Send + 'static) -> Option<T>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let run = move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        Some(
            runtime
                .enable_all()
                .build()
                .ok()?
                .block_on(async { work().await }),
        )
    };
    Builder::new().spawn(run).ok().map(JoinHandle::join)?.ok()?
}

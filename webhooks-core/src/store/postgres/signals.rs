//! Who must be told of what was written.

use tokio::sync::{Notify, watch};

/// Who must be told of what was written: those who wait in this process, and the other processes.
pub(super) struct Signals {
    changes: watch::Sender<u64>,
    /// Other processes are to be told.
    pub(super) to_tell: Notify,
}

impl Signals {
    pub(super) fn new() -> Self {
        Self {
            changes: watch::Sender::new(0),
            to_tell: Notify::new(),
        }
    }

    /// Tells everybody, other processes soon.
    pub(super) fn tell(&self) {
        self.wake();
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

//! A gate: what a test holds up until something else has happened.

use tokio::{sync::watch, time::timeout};

use crate::PATIENCE;

/// What a test holds up until something else has happened. Clones are one; the default is open.
#[derive(Debug, Clone)]
pub struct Gate {
    open: watch::Sender<bool>,
    arrived: watch::Sender<usize>,
}

impl Default for Gate {
    fn default() -> Self {
        Self {
            open: watch::Sender::new(true),
            arrived: watch::Sender::new(0),
        }
    }
}

impl Gate {
    /// One that is closed.
    #[must_use]
    pub fn closed() -> Self {
        let gate = Self::default();
        gate.close();
        gate
    }

    /// Lets everybody pass.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Lets nobody pass.
    pub fn close(&self) {
        self.open.send_replace(false);
    }

    /// Waits until it is open.
    pub async fn pass(&self) {
        self.arrived.send_modify(|arrived| *arrived += 1);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
    }

    /// How many have come to it so far.
    #[must_use]
    pub fn arrived(&self) -> usize {
        *self.arrived.borrow()
    }

    /// Waits until so many in all have come to it.
    ///
    /// # Panics
    /// After ten seconds.
    pub async fn wait_for(&self, count: usize) {
        let mut arrived = self.arrived.subscribe();
        let waited = timeout(PATIENCE, arrived.wait_for(|seen| *seen >= count)).await;
        assert!(waited.is_ok(), "fewer than {count} have come to the gate");
    }
}

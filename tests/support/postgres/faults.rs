//! What is wrong with a line.

use std::{
    io::{self, ErrorKind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::watch;

/// The side that sends.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Client,
    Server,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct State {
    pub(super) stalled: bool,
    pub(super) refusing: bool,
    /// How often all connections have been reset.
    pub(super) resets: u64,
}

/// A cut that is to come, once.
#[derive(Debug, Default)]
struct Cut {
    /// Which one it is: each connection counts what has passed since it was told of it.
    number: u64,
    after: Option<usize>,
}

/// What is wrong with all connections of a proxy, and what became of them.
#[derive(Default)]
pub(super) struct Faults {
    pub(super) state: watch::Sender<State>,
    client: Mutex<Cut>,
    server: Mutex<Cut>,
    /// How many bytes are held back.
    pub(super) held: watch::Sender<usize>,
    /// How many connections are open.
    pub(super) open: watch::Sender<usize>,
    /// How many have been accepted.
    pub(super) accepted: AtomicUsize,
}

impl Faults {
    /// Cuts the first connection in which more than this comes from this side.
    pub(super) fn cut(&self, side: Side, after: usize) {
        let mut cut = self.of(side).lock().unwrap();
        cut.number += 1;
        cut.after = Some(after);
    }

    fn of(&self, side: Side) -> &Mutex<Cut> {
        match side {
            Side::Client => &self.client,
            Side::Server => &self.server,
        }
    }
}

/// What one side of a connection has to pass.
#[derive(Clone)]
pub(super) struct Passage {
    faults: Arc<Faults>,
    state: watch::Receiver<State>,
    /// How often all had been reset before this one was there.
    resets: u64,
    /// The cut that is counted for, and how much may pass before it.
    counted: (u64, usize),
}

impl Passage {
    pub(super) fn new(faults: &Arc<Faults>) -> Self {
        faults.accepted.fetch_add(1, Ordering::SeqCst);
        let state = faults.state.subscribe();
        let resets = state.borrow().resets;
        Self {
            faults: Arc::clone(faults),
            state,
            resets,
            counted: (0, 0),
        }
    }

    pub(super) fn was_reset(&self) -> bool {
        self.state.borrow().resets != self.resets
    }

    pub(super) async fn reset(&mut self) {
        let resets = self.resets;
        let _ = self.state.wait_for(|now| now.resets != resets).await;
    }

    /// Holds back so many bytes while the line is stalled; returns how many of them may pass.
    ///
    /// # Errors
    /// If the connection is reset.
    pub(super) async fn pass(&mut self, side: Side, length: usize) -> io::Result<usize> {
        let resets = self.resets;
        let moves = |now: &State| now.resets != resets || !now.stalled;
        // Asked again once they have arrived: nothing passes that was sent after a fault began.
        if !moves(&self.state.borrow()) {
            self.faults.held.send_modify(|held| *held += length);
            let _ = self.state.wait_for(moves).await;
            self.faults.held.send_modify(|held| *held -= length);
        }
        if self.was_reset() {
            return Err(ErrorKind::ConnectionReset.into());
        }
        Ok(self.allowed(side, length))
    }

    fn allowed(&mut self, side: Side, length: usize) -> usize {
        let mut cut = self.faults.of(side).lock().unwrap();
        let Some(after) = cut.after else {
            return length;
        };
        if self.counted.0 != cut.number {
            self.counted = (cut.number, after);
        }
        let left = &mut self.counted.1;
        if length > *left {
            cut.after = None;
            return *left;
        }
        *left -= length;
        length
    }
}

//! Processes that stand still, as SIGSTOP makes them.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use tokio::time::{Sleep, sleep};
use webhooks_core::env::Task;
use webhooks_tests::history::{Moment, inside::Process};

use crate::world::World;

/// Until when processes stand still. Clones are one.
#[derive(Clone)]
pub(crate) struct Stills {
    world: World,
    until: Arc<Mutex<BTreeMap<Process, Moment>>>,
}

impl Stills {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            until: Arc::default(),
        }
    }

    /// A process stands still until then, wherever each of its tasks waits. Not longer than it was told before.
    pub(crate) fn stop(&self, process: Process, until: Moment) {
        if self.left(process).is_some() {
            return;
        }
        let from = self.world.now();
        self.world.cover("stall");
        self.world.record(("stall", process, until), |history| {
            history.inside.stalls.push((process, from, until));
        });
        self.until.lock().unwrap().insert(process, until);
    }

    /// For how long a process stands still, if it does.
    fn left(&self, process: Process) -> Option<Moment> {
        let until = self.until.lock().unwrap().get(&process).copied()?;
        let left = until.saturating_sub(self.world.now());
        (!left.is_zero()).then_some(left)
    }

    /// Waits until a process stands still no more.
    pub(crate) async fn over(&self, process: Process) {
        while let Some(left) = self.left(process) {
            sleep(left).await;
        }
    }

    /// A task of a process.
    pub(crate) fn task(&self, process: Process, task: Task) -> Task {
        Box::pin(Halting {
            stills: self.clone(),
            process,
            task,
            still: None,
        })
    }
}

/// A task that stands still with its process.
struct Halting {
    stills: Stills,
    process: Process,
    task: Task,
    still: Option<Pin<Box<Sleep>>>,
}

impl Future for Halting {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(left) = self.stills.left(self.process) {
            if self.still.is_none() {
                self.stills.world.cover("stood still");
            }
            let still = self.still.get_or_insert_with(|| Box::pin(sleep(left)));
            if still.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
        self.still = None;
        self.task.as_mut().poll(cx)
    }
}

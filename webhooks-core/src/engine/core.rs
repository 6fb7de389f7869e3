//! The engine: the scheduler, and what is at its rim.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};
use tracing::{Instrument as _, Span};

use super::{
    life::Life,
    scheduler::{Now, Scheduler},
    settler::Settler,
    tasks::Tasks,
    watch::Subscribers,
};
use crate::{
    emitter::{Registry, Shared},
    env::{Env, Timestamp},
    store::{NodeId, Store},
    transport::{BoxTransport, NetworkPolicy},
};

/// What the builder decides on.
pub(crate) struct Options {
    pub(crate) env: Env,
    pub(crate) policy: NetworkPolicy,
    pub(crate) payload_limit: usize,
    pub(crate) in_flight: usize,
    pub(crate) retry_after_cap: Duration,
    pub(crate) retention: Duration,
    pub(crate) payload_retention: Option<Duration>,
    pub(crate) deliver: bool,
}

/// One node: the emitters it knows, those at work, and the tasks that serve them.
pub(crate) struct Engine {
    pub(super) options: Options,
    pub(super) life: Life,
    pub(super) store: Arc<dyn Store>,
    pub(super) transport: BoxTransport,
    pub(super) registry: Registry,
    pub(super) shared: Shared,
    pub(super) tasks: Tasks,
    /// The tasks that make attempts.
    pub(super) workers: Tasks,
    pub(super) settler: Settler,
    pub(super) subscribers: Subscribers,
    /// Taken by whoever changes emitters, so that store and registry change in the same order.
    pub(super) control: tokio::sync::Mutex<()>,
    pub(super) gate: super::shutdown::Gate,
    /// An earlier timer was set.
    pub(super) timer_changed: Notify,
    /// A lease or a load is wanted.
    pub(super) load_wanted: Notify,
    scheduler: Mutex<Scheduler>,
}

impl Engine {
    pub(crate) fn new(options: Options, store: Arc<dyn Store>, transport: BoxTransport) -> Self {
        Self {
            life: Life::new(NodeId::generate(&options.env)),
            store,
            transport,
            registry: Registry::default(),
            shared: Shared::default(),
            tasks: Tasks::new(options.env.wrap()),
            workers: Tasks::new(options.env.wrap()),
            settler: Settler::default(),
            subscribers: Subscribers::default(),
            control: tokio::sync::Mutex::new(()),
            gate: super::shutdown::Gate::default(),
            timer_changed: Notify::new(),
            load_wanted: Notify::new(),
            scheduler: Mutex::new(Scheduler::new(options.in_flight)),
            options,
        }
    }

    /// Reads the emitters and starts the tasks that run as long as the engine.
    pub(crate) async fn start(self: &Arc<Self>) -> Result<(), crate::Error> {
        self.renew().await?;
        self.refresh_registry().await?;
        self.tasks.spawn(super::life::run(self.clone()));
        self.tasks.spawn(super::keeper::run(self.clone()));
        if self.options.deliver {
            self.tasks.spawn(super::settler::run(self.clone()));
            self.tasks.spawn(super::timer::run(self.clone()));
            self.tasks.spawn(super::loader::run(self.clone()));
            self.tasks.spawn(super::keeper::follow(self.clone()));
        }
        Ok(())
    }

    pub(crate) fn env(&self) -> &Env {
        &self.options.env
    }

    /// The time now, by the clock that all that share the store go by.
    pub(crate) fn wall(&self) -> Timestamp {
        self.life.corrected(self.options.env.now())
    }

    pub(super) fn now(&self) -> Now {
        Now {
            instant: Instant::now(),
            wall: self.wall(),
        }
    }

    /// Changes the scheduler, then does what follows: starts workers, sets the timer, asks for
    /// loads.
    pub(super) fn schedule<T>(self: &Arc<Self>, change: impl FnOnce(&mut Scheduler) -> T) -> T {
        let (changed, hired, timer, load) = {
            let mut scheduler = self.scheduler();
            let before = scheduler.next_timer();
            let changed = change(&mut scheduler);
            let after = scheduler.next_timer();
            let earlier = after.is_some() && (before.is_none() || after < before);
            (
                changed,
                scheduler.hire(Instant::now()),
                earlier,
                scheduler.wants_loader(),
            )
        };
        if load {
            self.load_wanted.notify_one();
        }
        if timer {
            self.timer_changed.notify_one();
        }
        for _ in 0..hired {
            // A worker outlives the request in which its first event was emitted.
            self.workers
                .spawn(super::worker::run(self.clone()).instrument(Span::none()));
        }
        changed
    }

    /// Looks at the scheduler, or changes it in a way that lets nothing start.
    pub(super) fn scheduler(&self) -> MutexGuard<'_, Scheduler> {
        // Its methods do not panic half-way through a change that another could see.
        self.scheduler
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all tasks, attempts in flight included, as a crash would.
    pub(crate) fn abort(&self) {
        self.tasks.abort();
        self.workers.abort();
        self.subscribers.close();
    }
}

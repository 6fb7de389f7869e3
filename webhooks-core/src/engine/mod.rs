//! Lanes, workers, timers, cool-down, fairness, shutdown.
//!
//! - [`scheduler`] is the whole state as plain, synchronous code; it is made of [`run`] (one
//!   emitter at work), [`lane`], [`cool_down`], [`budget`] (requests in flight), [`fair`] (whose
//!   turn it is) and [`judge`] (what an attempt means).
//! - [`core`] holds it with what is at its rim: store, transport, registry, tasks.
//! - A [`worker`] makes one attempt after another and ends when there is none to make;
//!   [`settler`], [`loader`], [`timer`], [`keeper`] and [`life`] talk to the store and the clock.
//! - The handle calls [`emit`] and [`emit_in`] (an event is [`outgoing`] up to its receipt, [`in_doubt`] where
//!   no answer comes), [`control`] (emitters), [`log`] (deliveries), [`view`] and [`shutdown`].
//! - [`in_step`] is what the node knows of emitters, [`disable`] what the answers of a receiver may lead to.
//! - [`bring`] brings an emitter to work, [`request`] is what is sent, [`watch`] tells subscribers,
//!   [`pauses`] is how long to wait for a store that fails.
//!
//! What the engine knows first, the store knows later: an attempt is *finished* when its outcome is known
//! here, and *settled* when that is written down. A *run* is the stay of an emitter in memory, under one lease.

mod bring;
mod budget;
mod control;
mod cool_down;
mod core;
mod disable;
mod emit;
#[cfg(any(
    test,
    feature = "sqlite",
    feature = "postgres",
    feature = "conformance"
))]
mod emit_in;
mod fair;
mod in_doubt;
mod in_step;
mod judge;
mod keeper;
mod lane;
mod life;
mod loader;
mod log;
mod outgoing;
mod pauses;
mod request;
mod run;
mod scheduler;
mod settler;
mod shutdown;
mod tasks;
mod timer;
mod view;
mod watch;
mod worker;

pub(crate) use self::core::{Engine, Options};
pub use self::{
    control::Upserted,
    shutdown::ShutdownReport,
    watch::{Happening, Subscription},
};

//! Wall clock, randomness and IDs, handed in so that tests and simulations decide on them.
//!
//! - [`Clock`] is the wall clock; timers are tokio's, so that paused time works.
//! - [`Random`] feeds jitter, IDs and secrets; the default is the operating system's generator.
//! - Message IDs are UUIDv7, monotonic within a process (RFC 9562, section 6.2).

mod environment;
mod system;
mod timestamp;

pub(crate) use self::environment::Wrap;
pub use self::{
    environment::{Clock, Env, Random, Task},
    system::{SystemClock, SystemRandom},
    timestamp::Timestamp,
};

//! What survives when the program is killed, its disk is full, or another shares its file.
//!
//! `WEBHOOKS_CRASH_ROUNDS` says how often it is killed under load, 20 times by default;
//! `WEBHOOKS_CRASH_SEED` repeats a run's draws.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod api;
mod chance;
mod kill;
mod load;
mod program;
mod world;

use std::time::Duration;

/// How long what should happen is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

//! What survives when the program is killed, its disk is full, or another shares its file.
//!
//! `WEBHOOKS_CRASH_ROUNDS` says how often it is killed under load, 20 times by default;
//! `WEBHOOKS_CRASH_SEED` repeats a run's draws.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod api;
mod chance;
mod disk_full;
mod fsync;
mod kill;
mod load;
mod opening;
mod postgres;
mod program;
mod room;
mod sharing;
mod world;

use std::time::Duration;

/// How long what should happen is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Says what this machine does not have, where it need not have it.
#[track_caller]
fn required(what: &str) {
    assert!(std::env::var_os("WEBHOOKS_REQUIRE_ALL").is_none(), "{what}");
    eprintln!("{what}");
}

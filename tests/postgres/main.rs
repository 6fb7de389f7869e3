//! The store in PostgreSQL, on a real server.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a test's own tasks and clocks")]

mod clocks;
mod conformance;
mod discards;
mod emit_in;
mod faults;
mod held;
mod opening;
mod order;
mod place;
mod pooler;
mod settling;
mod unheard;
mod world;

//! The engine, with several nodes on one store, in one thread under simulated time, from one seed.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(clippy::disallowed_methods, reason = "a simulation has its own tasks")]

mod backing;
mod bug;
mod emit;
mod ends;
mod fleet;
mod harm;
mod kill;
mod mutants;
mod names;
mod net;
mod notes;
mod nth;
mod plan;
mod run;
mod seeds;
mod sender;
mod still;
mod store;
mod transaction;
mod work;
mod world;

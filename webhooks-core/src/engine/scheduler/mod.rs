//! The whole state of an engine as plain, synchronous code: what happens goes in, what to do comes
//! out. No task, timer or store in here; `now` is a parameter.
//!
//! - [`state`] is what there is: the emitters at work, who waits for a worker, a load or a time.
//! - [`attempts`] hands out attempts and takes in their outcomes.
//! - [`awake`] says whether attempts may start, as far as the node's life decides.
//! - [`leases`] and [`loads`] say what to ask the store for, and take it in; [`turns`] says whose comes next.

mod attempts;
mod awake;
mod job;
mod leases;
mod loads;
mod state;
mod turns;

pub(crate) use self::{
    job::{Finished, Job, Now},
    loads::LoadOrder,
    state::Scheduler,
};

#[cfg(test)]
mod tests;

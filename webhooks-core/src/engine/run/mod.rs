//! One emitter at work: its lanes, its cool-down, and what of its backlog is still to be loaded.
//!
//! - [`state`] is the run itself, and what happens to its deliveries; [`straight`] takes what was just stored;
//!   [`stops`] is how it is paused, changed and begun anew.
//! - [`loading`] brings its backlog into memory, page by page; [`brought`] and [`meanwhile`] tell what a load
//!   brought from what was stored while it was under way.

mod brought;
mod loading;
mod meanwhile;
mod phase;
mod state;
mod stops;
mod straight;

pub(crate) use self::{
    loading::Scan,
    state::{Ownership, Readiness, Run, RunId},
    straight::Straight,
};

#[cfg(test)]
mod tests;

//! One emitter at work: its lanes, its cool-down, and what of its backlog is still to be loaded.
//!
//! - [`state`] is the run itself, and what happens to its deliveries.
//! - [`loading`] brings its backlog into memory, page by page.

mod loading;
mod state;

pub(crate) use self::{
    loading::Scan,
    state::{Ownership, Readiness, Run, RunId, Straight},
};

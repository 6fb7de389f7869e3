//! The handle: attach, emit, and what can be done with what was emitted.

mod builder;
mod emit;
mod emitters;
mod handle;
mod log;

pub use self::{builder::WebhooksBuilder, handle::Webhooks};

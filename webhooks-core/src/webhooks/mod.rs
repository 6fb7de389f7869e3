//! The handle: attach, emit, and what can be done with what was emitted.

mod builder;
mod emit;
mod emit_in;
mod emitters;
mod handle;
mod log;

#[cfg(feature = "postgres")]
pub use self::emit_in::EmitInFuture;
pub use self::{builder::WebhooksBuilder, emit_in::EmitIn, handle::Webhooks};

//! The names of tracing targets, in one place. They are stable.
//!
//! | Target | What |
//! |---|---|
//! | `webhooks::delivery` | attempts, at debug |
//! | `webhooks::emitter` | emitters that come, go, stop and start, at info |
//! | `webhooks::store` | a store that is away, a key file open to others, at warn |
//! | `webhooks::engine` | the engine's own tasks |
//! | `webhooks::outbox` | staged events, of the Tower layer |
//! | `webhooks::admin` | the admin API |

/// Attempts.
pub const DELIVERY: &str = "webhooks::delivery";
/// Emitters.
pub const EMITTER: &str = "webhooks::emitter";
/// The store.
pub const STORE: &str = "webhooks::store";
/// The engine's own tasks.
pub const ENGINE: &str = "webhooks::engine";
/// Staged events.
pub const OUTBOX: &str = "webhooks::outbox";
/// The admin API.
pub const ADMIN: &str = "webhooks::admin";

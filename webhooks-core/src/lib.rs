//! Outbound webhooks inside your service: a registry of emitters, and an engine that delivers to
//! each of them in order, signed, with retries.
//!
//! - [`Webhooks`] is the handle: attach emitters, emit events.
//! - An emitter is a URL, event patterns and settings ([`EmitterConfig`]); it delivers one event at
//!   a time, in order, and holds the rest while it retries.
//! - What is emitted is stored before `emit` returns, in whatever [`store`] it was built with.
//! - URLs and addresses go through a guard ([`transport`]): https and public addresses only, unless
//!   told otherwise.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), webhooks_core::Error> {
//! use webhooks_core::{EmitterConfig, Webhooks};
//!
//! let webhooks = Webhooks::builder().build().await?;
//! webhooks.attach("crm", ["order.*"], EmitterConfig::new("https://crm.example/hooks")?).await?;
//! assert!(webhooks.is_started("crm"));
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! | Feature | Default | What |
//! |---|---|---|
//! | `reqwest` | yes | the default HTTP transport |
//! | `rustls` | yes | TLS for it, by rustls with aws-lc-rs; without it `https` receivers cannot be reached |
//! | `serde` | no | `Serialize` and `Deserialize` for IDs, names and times, and for configurations as the admin API has them |
//! | `sqlite` | no | `SqliteStore`, with SQLite built in, and `emit_in` for rusqlite's transactions |
//! | `postgres` | no | `PostgresStore`, and `emit_in` for sqlx's transactions |
//! | `conformance` | no | the suite that every store passes |
//! | `test-util` | no | helpers for the tests of applications |

#![cfg_attr(docsrs, feature(doc_cfg))]

mod engine;
mod millis;
mod text;
mod webhooks;
mod words;

pub mod delivery;
pub mod emitter;
pub mod env;
pub mod error;
pub mod event;
pub mod observe;
pub mod retry;
pub mod sign;
pub mod store;
#[cfg(feature = "test-util")]
pub mod test_util;
pub mod transport;

#[cfg(feature = "postgres")]
pub use self::webhooks::EmitInFuture;
pub use self::{
    emitter::{Backlog, Emitter, EmitterConfig, EmitterId, EmitterState, Ordering},
    engine::{Happening, ShutdownReport, Subscription, Upserted},
    error::{Error, ErrorKind},
    event::{DeliveryId, Event, EventName, EventPattern, MessageId, OrderingKey, Payload, Tenant},
    retry::{Jitter, RetryPolicy},
    store::{MemoryStore, Receipt},
    webhooks::{EmitIn, Webhooks, WebhooksBuilder},
};

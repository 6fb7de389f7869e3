//! Outbound webhooks inside your service.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod engine;
pub mod observe;
mod text;

pub mod delivery;
pub mod emitter;
pub mod env;
pub mod error;
pub mod event;
pub mod sign;
pub mod store;
pub mod transport;
mod webhooks;

pub use self::{
    delivery::{Jitter, RetryPolicy},
    emitter::{Backlog, Emitter, EmitterConfig, EmitterId, EmitterState, Ordering},
    engine::{Happening, ShutdownReport, Subscription, Upserted},
    error::{Error, ErrorKind},
    event::{DeliveryId, Event, EventName, EventPattern, MessageId, OrderingKey, Payload, Tenant},
    store::{MemoryStore, Receipt},
    webhooks::{Webhooks, WebhooksBuilder},
};

//! Webhooks for axum: the outbox extractor and the admin API.
//!
//! - [`Outbox`] is an extractor: handlers emit through it, with the request's ID as delivery ID. It
//!   needs the [`WebhooksLayer`]; without it the rejection says so. `Option<Outbox>` works.
//! - [`admin`](fn@admin) is a router with the admin API, to be nested anywhere.
//!
//! ```
//! use axum::{Json, Router, http::StatusCode, routing::post};
//! use webhooks_axum::{Outbox, WebhooksLayer};
//! use webhooks_core::Webhooks;
//!
//! async fn create_order(outbox: Outbox, Json(order): Json<serde_json::Value>) -> StatusCode {
//!     match outbox.stage("order.created", &order) {
//!         Ok(()) => StatusCode::CREATED,
//!         Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
//!     }
//! }
//!
//! fn app(webhooks: Webhooks) -> Router {
//!     Router::new().route("/orders", post(create_order)).layer(WebhooksLayer::new(webhooks))
//! }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod admin;
mod outbox;

#[doc(inline)]
pub use self::{
    admin::{AdminAuth, Problem, admin},
    outbox::{Outbox, OutboxRejection},
};
pub use webhooks_tower::WebhooksLayer;

/// The programs in the README and in the guides compile.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../README.md")]
    mod readme {}
    #[doc = include_str!("../../docs/stores.md")]
    mod stores {}
    #[doc = include_str!("../../docs/scaling.md")]
    mod scaling {}
}

//! The admin API: a router to be nested anywhere.
//!
//! - It cannot be built without deciding on authentication ([`AdminAuth`]), which comes before
//!   routing: without it every path and method answers 401, but `/api/health`.
//! - Errors are `application/problem+json` (RFC 9457) with a stable `type` ([`Problem`]).
//! - Lists are `{"items": […], "next_cursor": …}`, newest first.
//!
//! ```
//! use axum::Router;
//! use webhooks_axum::{AdminAuth, admin};
//! use webhooks_core::Webhooks;
//!
//! fn app(webhooks: Webhooks) -> Router {
//!     Router::new().nest("/webhooks", admin(webhooks, AdminAuth::bearer("a long token")))
//! }
//! ```

mod auth;
mod body;
mod cursor;
mod deliveries;
mod delivery_json;
mod emitter_json;
mod emitters;
mod events;
mod path;
mod problem;
mod router;
mod stats;

#[cfg(test)]
mod tests;

pub use self::{
    auth::{AdminAuth, Identity},
    problem::Problem,
    router::admin,
};

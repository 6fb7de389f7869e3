//! A Tower layer through which handlers emit webhooks, with the request ID as delivery ID.
//!
//! - [`WebhooksLayer`] puts an [`Outbox`] into the extensions of each request.
//! - The delivery ID is, in this order: the `x-request-id` header, what a [`MakeDeliveryId`]
//!   returns, a new UUID.
//! - [`Outbox::emit`] stores an event at once. [`Outbox::stage`] stores it if the response is a
//!   success; a [`StagePolicy`] decides what that is. All staged events go in one append, after the
//!   handler has answered and before the response leaves. If the append fails, the response is an
//!   empty 500 instead.
//! - The inner service is called once and not cloned; on a request that stages nothing no future is
//!   boxed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use http::{Request, Response};
//! use tower::{Layer, ServiceExt, service_fn};
//! use webhooks_core::Webhooks;
//! use webhooks_tower::{Outbox, WebhooksLayer};
//!
//! let webhooks = Webhooks::builder().build().await?;
//! let service = WebhooksLayer::new(webhooks).layer(service_fn(|request: Request<()>| async move {
//!     let outbox = request.extensions().get::<Outbox>().expect("the layer is there");
//!     outbox.stage("order.created", &serde_json::json!({"id": 17}))?;
//!     Ok::<_, webhooks_core::Error>(Response::new(String::new()))
//! }));
//! let request = Request::builder().header("x-request-id", "request-42").body(())?;
//! assert_eq!(service.oneshot(request).await?.status(), 200);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod delivery_id;
mod future;
mod layer;
mod outbox;
mod policy;
mod service;

#[cfg(test)]
mod tests;

pub use self::{
    delivery_id::{MakeDeliveryId, NoDeliveryId},
    future::ResponseFuture,
    layer::WebhooksLayer,
    outbox::Outbox,
    policy::{OnSuccess, StagePolicy},
    service::WebhooksService,
};

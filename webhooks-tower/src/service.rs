//! The service.

use std::task::{Context, Poll};

use http::{Request, Response};
use tower_service::Service;
use webhooks_core::event::TraceParent;

use crate::{
    MakeDeliveryId, NoDeliveryId, OnSuccess, Outbox, ResponseFuture, StagePolicy, delivery_id,
    future::Closing, layer::Settings,
};

/// Puts an [`Outbox`] into the extensions of each request; made by
/// [`WebhooksLayer`](crate::WebhooksLayer).
#[derive(Debug, Clone)]
pub struct WebhooksService<S, M = NoDeliveryId, P = OnSuccess> {
    inner: S,
    settings: Settings<M, P>,
}

impl<S, M, P> WebhooksService<S, M, P> {
    pub(crate) fn new(inner: S, settings: Settings<M, P>) -> Self {
        Self { inner, settings }
    }
}

impl<S, M, P, ReqBody, ResBody> Service<Request<ReqBody>> for WebhooksService<S, M, P>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    M: MakeDeliveryId,
    P: StagePolicy + Clone,
    ResBody: Default,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, P, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        if parts.extensions.get::<Outbox>().is_some() {
            // A layer further out has made one, and stores what it stages.
            return ResponseFuture::passing(self.inner.call(Request::from_parts(parts, body)));
        }
        let Settings {
            webhooks,
            header,
            make_delivery_id,
            policy,
        } = &self.settings;
        let delivery_id = delivery_id::of_header(header, &parts)
            .or_else(|| make_delivery_id.make_delivery_id(&parts))
            .unwrap_or_else(|| webhooks.generate_delivery_id());
        let trace_parent = parts.headers.get("traceparent").and_then(|value| {
            value
                .to_str()
                .ok()
                .and_then(|text| TraceParent::new(text).ok())
        });
        let outbox = Outbox::new(webhooks.clone(), delivery_id, trace_parent);
        parts.extensions.insert(outbox.clone());
        // The inner service may panic before there is a future.
        let outbox = Closing(outbox);
        let inner = self.inner.call(Request::from_parts(parts, body));
        ResponseFuture::staging(inner, outbox, policy.clone())
    }
}

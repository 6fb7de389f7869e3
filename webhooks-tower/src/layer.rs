//! The layer.

use http::HeaderName;
use tower_layer::Layer;
use webhooks_core::Webhooks;

use crate::{MakeDeliveryId, NoDeliveryId, OnSuccess, StagePolicy, WebhooksService};

/// Puts an [`Outbox`](crate::Outbox) into the extensions of each request.
#[derive(Debug, Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct WebhooksLayer<M = NoDeliveryId, P = OnSuccess> {
    pub(crate) settings: Settings<M, P>,
}

/// What layer and service have in common.
#[derive(Debug, Clone)]
pub(crate) struct Settings<M, P> {
    pub(crate) webhooks: Webhooks,
    pub(crate) header: HeaderName,
    pub(crate) make_delivery_id: M,
    pub(crate) policy: P,
}

impl WebhooksLayer {
    /// A layer whose outboxes emit through `webhooks`.
    pub fn new(webhooks: Webhooks) -> Self {
        let settings = Settings {
            webhooks,
            header: HeaderName::from_static("x-request-id"),
            make_delivery_id: NoDeliveryId,
            policy: OnSuccess,
        };
        Self { settings }
    }
}

impl<M, P> WebhooksLayer<M, P> {
    /// The header that the delivery ID is taken from. Defaults to `x-request-id`.
    pub fn request_id_header(mut self, name: HeaderName) -> Self {
        self.settings.header = name;
        self
    }

    /// What makes the delivery ID of a request without one in its header. Defaults to a new UUID.
    pub fn make_delivery_id<N: MakeDeliveryId>(self, make: N) -> WebhooksLayer<N, P> {
        let Settings {
            webhooks,
            header,
            policy,
            ..
        } = self.settings;
        WebhooksLayer {
            settings: Settings {
                webhooks,
                header,
                make_delivery_id: make,
                policy,
            },
        }
    }

    /// Which responses let staged events go. Defaults to 2xx and 3xx.
    pub fn stage_policy<Q: StagePolicy>(self, policy: Q) -> WebhooksLayer<M, Q> {
        let Settings {
            webhooks,
            header,
            make_delivery_id,
            ..
        } = self.settings;
        WebhooksLayer {
            settings: Settings {
                webhooks,
                header,
                make_delivery_id,
                policy,
            },
        }
    }
}

impl<S, M: Clone, P: Clone> Layer<S> for WebhooksLayer<M, P> {
    type Service = WebhooksService<S, M, P>;

    fn layer(&self, inner: S) -> Self::Service {
        WebhooksService::new(inner, self.settings.clone())
    }
}

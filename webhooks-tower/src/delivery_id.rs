//! Where a request's delivery ID comes from.

use http::{HeaderName, request::Parts};
use webhooks_core::DeliveryId;

/// Makes the delivery ID of a request that has no usable ID in its header.
///
/// Implemented for closures `Fn(&http::request::Parts) -> Option<DeliveryId>`.
pub trait MakeDeliveryId {
    /// The ID; `None` for a new UUID.
    fn make_delivery_id(&self, request: &Parts) -> Option<DeliveryId>;
}

impl<F: Fn(&Parts) -> Option<DeliveryId>> MakeDeliveryId for F {
    fn make_delivery_id(&self, request: &Parts) -> Option<DeliveryId> {
        self(request)
    }
}

/// Makes none, so that a new UUID is taken: the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDeliveryId;

impl MakeDeliveryId for NoDeliveryId {
    fn make_delivery_id(&self, _: &Parts) -> Option<DeliveryId> {
        None
    }
}

/// The ID in the header, if it is 1–128 visible ASCII characters: a client chooses it.
pub(crate) fn of_header(name: &HeaderName, request: &Parts) -> Option<DeliveryId> {
    DeliveryId::new(request.headers.get(name)?.to_str().ok()?).ok()
}

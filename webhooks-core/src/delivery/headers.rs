//! The headers that say what a request is; its signatures, and what an emitter adds, are not among them.

use http::HeaderName;

use super::{Attempt, Message};
use crate::{env::Timestamp, event::MessageIdText};

/// Tells each header of the `number`-th attempt of a message, which begins `now`. `false` if the emitter's
/// identifier is no word for header names.
pub(crate) fn each_header(
    message: &Message,
    number: u32,
    now: Timestamp,
    identifier: &str,
    mut tell: impl FnMut(HeaderName, &[u8]),
) -> bool {
    let Some(names) = Names::new(identifier) else {
        return false;
    };
    let mut decimal = itoa::Buffer::new();
    tell(
        HeaderName::from_static("webhook-id"),
        MessageIdText::new(message.id).as_str().as_bytes(),
    );
    tell(
        HeaderName::from_static("webhook-timestamp"),
        decimal.format(now.as_secs()).as_bytes(),
    );
    tell(names.event, message.event.as_str().as_bytes());
    tell(names.attempt, decimal.format(number).as_bytes());
    tell(names.delivery, message.delivery_id.as_str().as_bytes());
    if let Some(key) = &message.ordering_key {
        tell(names.ordering_key, key.as_str().as_bytes());
    }
    if let Some(parent) = &message.trace_parent {
        let name = HeaderName::from_static("traceparent");
        tell(name, parent.as_str().as_bytes());
    }
    true
}

impl Attempt {
    /// The headers of its request, by name: what `webhook-id`, `webhook-timestamp` and the
    /// `x-<identifier>-…` said. Signatures are not kept, and what the emitter adds is its own affair.
    #[must_use]
    pub fn request_headers(
        &self,
        message: &Message,
        identifier: &str,
    ) -> Vec<(HeaderName, String)> {
        let mut headers = Vec::new();
        each_header(
            message,
            self.number,
            self.started_at,
            identifier,
            |name, value| headers.push((name, String::from_utf8_lossy(value).into_owned())),
        );
        headers
    }
}

/// The names of the `x-<identifier>-…` headers.
struct Names {
    event: HeaderName,
    attempt: HeaderName,
    delivery: HeaderName,
    ordering_key: HeaderName,
}

impl Names {
    fn new(identifier: &str) -> Option<Self> {
        if identifier.eq_ignore_ascii_case("webhooks") {
            return Some(Self {
                event: HeaderName::from_static("x-webhooks-event"),
                attempt: HeaderName::from_static("x-webhooks-attempt"),
                delivery: HeaderName::from_static("x-webhooks-delivery"),
                ordering_key: HeaderName::from_static("x-webhooks-ordering-key"),
            });
        }
        let name = |rest: &str| HeaderName::try_from(format!("x-{identifier}-{rest}")).ok();
        Some(Self {
            event: name("event")?,
            attempt: name("attempt")?,
            delivery: name("delivery")?,
            ordering_key: name("ordering-key")?,
        })
    }
}

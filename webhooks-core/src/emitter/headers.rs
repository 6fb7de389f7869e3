//! Which headers an emitter may add.

use http::HeaderName;

/// Names that the library, the client or HTTP itself decides on.
const RESERVED: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "traceparent",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "x-hub-signature-256",
];

/// Whether a config with this header identifier may not set this header.
pub(crate) fn is_reserved_header(name: &HeaderName, identifier: &str) -> bool {
    let name = name.as_str();
    RESERVED.contains(&name)
        || name.starts_with("webhook-")
        || name.starts_with("proxy-")
        || name
            .strip_prefix("x-")
            .and_then(|rest| rest.split_at_checked(identifier.len()))
            .is_some_and(|(word, rest)| {
                word.eq_ignore_ascii_case(identifier) && rest.starts_with('-')
            })
}

//! Deliveries, attempts and messages as the API shows them.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use webhooks_core::{
    Emitter,
    delivery::{Attempt, AttemptFailure, CapturedHeaders, Message},
    env::Timestamp,
    store::{DeliveryDetail, DeliveryRecord, MessageDetail},
};

use super::emitter_json::HIDDEN;

/// A delivery; with its attempts where one is asked for.
#[derive(Serialize)]
pub(super) struct DeliveryJson {
    message_id: String,
    emitter: String,
    event: String,
    delivery_id: String,
    tenant: Option<String>,
    ordering_key: Option<String>,
    state: &'static str,
    reason: Option<&'static str>,
    attempt_count: u32,
    created_at: Timestamp,
    next_attempt_at: Option<Timestamp>,
    settled_at: Option<Timestamp>,
    last_status: Option<u16>,
    last_error: Option<ErrorJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<Vec<AttemptJson>>,
}

#[derive(Serialize)]
struct ErrorJson {
    kind: &'static str,
    message: String,
}

#[derive(Serialize)]
struct AttemptJson {
    number: u32,
    started_at: Timestamp,
    duration_ms: f64,
    status: Option<u16>,
    error: Option<ErrorJson>,
    url: String,
    remote_addr: Option<String>,
    request_headers: BTreeMap<String, String>,
    response_headers: BTreeMap<String, String>,
    response_body: String,
    response_truncated: bool,
}

/// A message with its deliveries.
#[derive(Serialize)]
pub(super) struct MessageJson {
    message_id: String,
    event: String,
    delivery_id: String,
    tenant: Option<String>,
    ordering_key: Option<String>,
    created_at: Timestamp,
    payload: Option<Box<RawValue>>,
    size: usize,
    deliveries: Vec<DeliveryJson>,
}

impl From<&AttemptFailure> for ErrorJson {
    fn from(failure: &AttemptFailure) -> Self {
        Self {
            kind: failure.kind.as_str(),
            message: failure.message.to_string(),
        }
    }
}

impl From<&DeliveryRecord> for DeliveryJson {
    fn from(record: &DeliveryRecord) -> Self {
        Self {
            message_id: record.key.message_id.to_string(),
            emitter: record.key.emitter.to_string(),
            event: record.event.to_string(),
            delivery_id: record.delivery_id.to_string(),
            tenant: record.tenant.as_ref().map(ToString::to_string),
            ordering_key: record.ordering_key.as_ref().map(ToString::to_string),
            state: record.state.as_str(),
            reason: record.reason.map(|reason| reason.as_str()),
            attempt_count: record.attempt_count,
            created_at: record.created_at,
            next_attempt_at: record.next_attempt_at,
            settled_at: record.settled_at,
            last_status: record.last_status,
            last_error: record.last_error.as_ref().map(ErrorJson::from),
            attempts: None,
        }
    }
}

impl DeliveryJson {
    /// With its attempts; `emitter` is the one it went to, while it is attached.
    pub(super) fn of_detail(detail: &DeliveryDetail, emitter: Option<&Emitter>) -> Self {
        let message = &detail.message;
        let attempts = detail.attempts.iter();
        let attempts = attempts.map(|attempt| AttemptJson::new(attempt, message, emitter));
        Self {
            attempts: Some(attempts.collect()),
            ..Self::from(&detail.record)
        }
    }
}

impl AttemptJson {
    fn new(attempt: &Attempt, message: &Message, emitter: Option<&Emitter>) -> Self {
        Self {
            number: attempt.number,
            started_at: attempt.started_at,
            duration_ms: attempt.duration.as_secs_f64() * 1_000.0,
            status: attempt.status(),
            error: attempt.failure().map(ErrorJson::from),
            url: attempt.url.to_string(),
            remote_addr: attempt.remote_addr.map(|addr| addr.to_string()),
            request_headers: request_headers(attempt, message, emitter),
            response_headers: folded(&attempt.response_headers),
            response_body: String::from_utf8_lossy(&attempt.response_body).into_owned(),
            response_truncated: attempt.response_truncated,
        }
    }
}

/// Headers by name; the values of one that is there several times in one line (RFC 9110, section
/// 5.3).
fn folded(headers: &CapturedHeaders) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::<String, String>::new();
    for (name, value) in headers.iter() {
        lines
            .entry(name.to_owned())
            .and_modify(|line| {
                line.push_str(", ");
                line.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    lines
}

/// The headers of a request, derived: signatures are not kept, and an emitter's own are not shown.
fn request_headers(
    attempt: &Attempt,
    message: &Message,
    emitter: Option<&Emitter>,
) -> BTreeMap<String, String> {
    let word = emitter.map_or("webhooks", |emitter| &emitter.settings().header_identifier);
    let said = attempt.request_headers(message, word);
    let said = said
        .into_iter()
        .map(|(name, value)| (name.to_string(), value));
    let mut headers: BTreeMap<_, _> = said.collect();
    headers.insert("content-type".to_owned(), "application/json".to_owned());
    for name in emitter
        .into_iter()
        .flat_map(|emitter| emitter.settings().headers.keys())
    {
        headers.insert(name.to_string(), HIDDEN.to_owned());
    }
    headers
}

impl From<&MessageDetail> for MessageJson {
    fn from(detail: &MessageDetail) -> Self {
        let message = &detail.message;
        let text = message
            .body
            .as_ref()
            .and_then(|body| String::from_utf8(body.to_vec()).ok());
        Self {
            message_id: message.id.to_string(),
            event: message.event.to_string(),
            delivery_id: message.delivery_id.to_string(),
            tenant: message.tenant.as_ref().map(ToString::to_string),
            ordering_key: message.ordering_key.as_ref().map(ToString::to_string),
            created_at: message.created_at,
            payload: text.and_then(|text| RawValue::from_string(text).ok()),
            size: message.size,
            deliveries: detail.deliveries.iter().map(DeliveryJson::from).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_comes_twice_is_shown_whole() {
        let headers = [("via", "a"), ("server", "x"), ("via", "b")];
        let lines = folded(&headers.into_iter().collect());
        assert_eq!(lines["via"], "a, b");
        assert_eq!(lines["server"], "x");
    }
}

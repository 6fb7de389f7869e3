//! The request of one attempt.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, USER_AGENT},
};

use super::scheduler::Job;
use crate::{
    env::Env,
    sign::{SignContext, sign},
    transport::{AttemptError, AttemptErrorKind, AttemptRequest, Standing},
};

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("webhooks/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Builds the request; the signature is of this moment and of the keys that are active in it.
pub(super) fn build(job: &Job, env: &Env) -> Result<AttemptRequest, AttemptError> {
    let message = &job.entry.message;
    let Some(body) = message.body.clone() else {
        return Err(invalid("the payload was erased"));
    };
    let settings = &job.emitter.settings;
    let now = env.now();
    let mut headers = HeaderMap::with_capacity(12 + settings.headers.len());
    headers.extend(settings.headers.clone());
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(USER_AGENT, AGENT);

    let message_id = message.id.to_string();
    headers.insert(HeaderName::from_static("webhook-id"), value(&message_id)?);
    headers.insert(
        HeaderName::from_static("webhook-timestamp"),
        HeaderValue::from(now.as_secs()),
    );
    let names = Names::new(&settings.header_identifier)?;
    headers.insert(names.event, value(message.event.as_str())?);
    headers.insert(
        names.attempt,
        HeaderValue::from(job.entry.progress.attempts + 1),
    );
    headers.insert(names.delivery, value(message.delivery_id.as_str())?);
    if let Some(key) = &message.ordering_key {
        headers.insert(names.ordering_key, value(key.as_str())?);
    }
    if let Some(parent) = &message.trace_parent {
        headers.insert(
            HeaderName::from_static("traceparent"),
            value(parent.as_str())?,
        );
    }
    let keys = job
        .emitter
        .keys
        .iter()
        .filter(|key| key.is_active(now))
        .collect::<Vec<_>>();
    let context = SignContext {
        message_id: &message_id,
        timestamp: now.as_secs(),
        body: &body,
        keys: &keys,
        header_identifier: &settings.header_identifier,
    };
    sign(settings.signing, &context, &mut headers).map_err(|error| invalid(error.to_string()))?;

    let standing = if job.proven {
        Standing::Proven
    } else {
        Standing::Unproven
    };
    Ok(AttemptRequest::new((*job.url).clone(), headers, body, settings.timeout).standing(standing))
}

/// The names of the `x-<identifier>-…` headers.
struct Names {
    event: HeaderName,
    attempt: HeaderName,
    delivery: HeaderName,
    ordering_key: HeaderName,
}

impl Names {
    fn new(identifier: &str) -> Result<Self, AttemptError> {
        if identifier.eq_ignore_ascii_case("webhooks") {
            return Ok(Self {
                event: HeaderName::from_static("x-webhooks-event"),
                attempt: HeaderName::from_static("x-webhooks-attempt"),
                delivery: HeaderName::from_static("x-webhooks-delivery"),
                ordering_key: HeaderName::from_static("x-webhooks-ordering-key"),
            });
        }
        let name = |rest: &str| {
            HeaderName::try_from(format!("x-{identifier}-{rest}"))
                .map_err(|_| invalid("the header identifier is no word for header names"))
        };
        Ok(Self {
            event: name("event")?,
            attempt: name("attempt")?,
            delivery: name("delivery")?,
            ordering_key: name("ordering-key")?,
        })
    }
}

fn value(text: &str) -> Result<HeaderValue, AttemptError> {
    HeaderValue::from_str(text).map_err(|_| invalid("a header value is not visible ASCII"))
}

fn invalid(message: impl Into<String>) -> AttemptError {
    AttemptError::new(AttemptErrorKind::InvalidRequest, message.into())
}

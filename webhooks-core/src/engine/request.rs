//! The request of one attempt.

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_TYPE, USER_AGENT},
};

use super::scheduler::Job;
use crate::{
    delivery::each_header,
    event::MessageIdText,
    sign::{SignContext, sign},
    transport::{AttemptError, AttemptErrorKind, AttemptRequest, Standing},
};

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("webhooks/", env!("CARGO_PKG_VERSION")));
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Builds the request; the signature is of the attempt's start, and of the keys that are active then.
pub(super) fn build(job: &Job) -> Result<AttemptRequest, AttemptError> {
    let message = &job.entry.message;
    let Some(body) = message.body.clone() else {
        return Err(invalid("the payload was erased"));
    };
    let settings = &job.emitter.settings;
    let now = job.started.wall;
    let mut values = Values::default();
    let number = job.entry.progress.attempts + 1;
    let identifier = &settings.header_identifier;
    if !each_header(message, number, now, identifier, |name, value| {
        values.add(name, value)
    }) {
        return Err(invalid("the header identifier is no word for header names"));
    }
    let message_id = MessageIdText::new(message.id);
    let keys = job
        .emitter
        .keys
        .iter()
        .filter(|key| key.is_active(now))
        .collect::<Vec<_>>();
    let context = SignContext {
        message_id: message_id.as_str(),
        timestamp: now.as_secs(),
        body: &body,
        keys: &keys,
        header_identifier: identifier,
    };
    sign(settings.signing, &context, |name, value| {
        values.add(name, value);
    })
    .map_err(|error| invalid(error.to_string()))?;

    let mut headers = HeaderMap::with_capacity(12 + settings.headers.len());
    headers.extend(settings.headers.clone());
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(USER_AGENT, AGENT);
    values.put_into(&mut headers)?;
    let standing = if job.proven {
        Standing::Proven
    } else {
        Standing::Unproven
    };
    Ok(AttemptRequest::new((*job.url).clone(), headers, body, settings.timeout).standing(standing))
}

/// The values of headers in one piece of memory: the client clones the headers, and a value of its
/// own memory is allocated anew by its first clone.
struct Values {
    text: Vec<u8>,
    ends: Vec<(HeaderName, usize)>,
}

impl Default for Values {
    fn default() -> Self {
        Self {
            text: Vec::with_capacity(512),
            ends: Vec::with_capacity(12),
        }
    }
}

impl Values {
    fn add(&mut self, name: HeaderName, value: &[u8]) {
        self.text.extend_from_slice(value);
        self.ends.push((name, self.text.len()));
    }

    fn put_into(self, headers: &mut HeaderMap) -> Result<(), AttemptError> {
        let mut text = Bytes::from(self.text);
        let mut start = 0;
        for (name, end) in self.ends {
            let value = HeaderValue::from_maybe_shared(text.split_to(end - start))
                .map_err(|_| invalid("a header value is not visible ASCII"))?;
            headers.insert(name, value);
            start = end;
        }
        Ok(())
    }
}

fn invalid(message: impl Into<String>) -> AttemptError {
    AttemptError::new(AttemptErrorKind::InvalidRequest, message.into())
}

//! What durable stores keep of an emitter: text and bytes for columns, and back.
//!
//! - What an older version stored loads: absent fields take their defaults.
//! - What a newer version stored loads as far as it is known here: unknown fields are ignored.
//! - What cannot be read is an error of kind [`Store`](ErrorKind::Store), never a panic.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::{EmitterState, Settings, json::SettingsJson};
use crate::{Error, ErrorKind, event::EventPattern};

impl Settings {
    /// As JSON, the same for equal settings; without the headers, since those are sealed.
    pub(crate) fn to_stored(&self) -> String {
        serde_json::to_string(&SettingsJson::from(self))
            .expect("text, numbers and maps with text as keys are JSON")
    }

    /// Back from [`to_stored`](Self::to_stored), with these headers.
    ///
    /// The headers are not checked: names that became reserved since do not keep a row from loading.
    pub(crate) fn from_stored(text: &str, headers: HeaderMap) -> Result<Self, Error> {
        let json: SettingsJson =
            serde_json::from_str(text).map_err(|error| unreadable("settings", error))?;
        let mut settings = json
            .into_settings()
            .and_then(|settings| settings.validate().map(|()| settings))
            .map_err(|error| unreadable("settings", error))?;
        settings.headers = headers;
        Ok(settings)
    }
}

/// As a JSON array, in their order.
pub(crate) fn patterns_to_stored(patterns: &[EventPattern]) -> String {
    let texts: Vec<&str> = patterns.iter().map(EventPattern::as_str).collect();
    serde_json::to_string(&texts).expect("text is JSON")
}

/// Back from [`patterns_to_stored`].
pub(crate) fn patterns_from_stored(text: &str) -> Result<Arc<[EventPattern]>, Error> {
    let texts: Vec<String> =
        serde_json::from_str(text).map_err(|error| unreadable("patterns", error))?;
    texts
        .iter()
        .map(|text| EventPattern::new(text).map_err(|error| unreadable("patterns", error)))
        .collect()
}

/// One line `name:value` for each header, by name. Plain text: the caller seals it.
pub(crate) fn headers_to_stored(headers: &HeaderMap) -> Zeroizing<Vec<u8>> {
    let mut sorted: Vec<_> = headers.iter().collect();
    // Stable: the values of one name keep their order.
    sorted.sort_by_key(|(name, _)| name.as_str());
    let line = |(name, value): &(&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 2;
    // Room for all of it: growing would leave copies behind that nobody wipes.
    let mut bytes = Zeroizing::new(Vec::with_capacity(sorted.iter().map(line).sum()));
    for (name, value) in sorted {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(b'\n');
    }
    bytes
}

/// Back from [`headers_to_stored`].
pub(crate) fn headers_from_stored(bytes: &[u8]) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let (name, value) = header(line)
            .ok_or_else(|| unreadable("headers", "expected lines of a name, `:` and a value"))?;
        headers
            .try_append(name, value)
            .map_err(|error| unreadable("headers", error))?;
    }
    Ok(headers)
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let line = line.strip_suffix(b"\n")?;
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let mut value = HeaderValue::from_bytes(&line[colon + 1..]).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

impl EmitterState {
    /// For two columns: the state, and its backlog or reason.
    pub(crate) fn to_stored(self) -> (&'static str, Option<&'static str>) {
        let detail = match self {
            Self::Active => None,
            Self::Paused(backlog) => Some(backlog.as_str()),
            Self::Disabled(reason) => Some(reason.as_str()),
        };
        (self.as_str(), detail)
    }

    /// Back from [`to_stored`](Self::to_stored).
    pub(crate) fn from_stored(state: &str, detail: Option<&str>) -> Result<Self, Error> {
        let read = match (state, detail) {
            ("active", None) => Ok(Self::Active),
            ("paused", Some(backlog)) => backlog.parse().map(Self::Paused),
            ("disabled", Some(reason)) => reason.parse().map(Self::Disabled),
            _ => Err(Error::invalid(
                "expected `active`, or `paused` or `disabled` with its detail",
            )),
        };
        read.map_err(|error| unreadable("state of an emitter", error))
    }
}

fn unreadable(what: &str, why: impl std::fmt::Display) -> Error {
    Error::new(
        ErrorKind::Store,
        format!("stored {what} cannot be read: {why}"),
    )
}

#[cfg(test)]
mod tests;

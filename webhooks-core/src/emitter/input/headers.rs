//! Headers in requests, where a value that no answer shows keeps what is stored.

use std::collections::{BTreeMap, BTreeSet};

use http::{HeaderMap, HeaderName};
use serde::Deserialize;

use crate::{
    Error,
    emitter::{Emitter, EmitterConfig},
};

/// What stands for the value of a header, which no answer shows; taken back, it keeps the value.
#[doc(hidden)]
pub const HIDDEN: &str = "•••";

/// Headers; being untagged, an error shows nothing of them.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`headers` is of no known form: expected an object of names and texts"
)]
pub(super) enum HeadersJson {
    Object(BTreeMap<String, String>),
}

impl HeadersJson {
    /// Names that differ, as HTTP sees them: of two spellings one would be lost.
    pub(super) fn distinct(&self) -> Result<(), Error> {
        let Self::Object(headers) = self;
        let mut names = BTreeSet::new();
        let twice = headers
            .keys()
            .find(|name| !names.insert(name.to_ascii_lowercase()));
        match twice {
            None => Ok(()),
            Some(twice) => Err(Error::invalid(format!(
                "header `{}` is there twice: expected one spelling of its name",
                twice.escape_debug()
            ))),
        }
    }

    /// Puts the values that `old` has for those hidden here among `headers`.
    pub(super) fn keep(&self, old: Option<&Emitter>, headers: &mut HeaderMap) -> Result<(), Error> {
        let Self::Object(given) = self;
        given
            .iter()
            .filter(|(_, value)| *value == HIDDEN)
            .try_for_each(|(name, _)| keep(old, name, headers))
    }

    /// Adds the values that are not hidden.
    pub(super) fn add_to(&self, config: EmitterConfig) -> Result<EmitterConfig, Error> {
        let Self::Object(given) = self;
        given
            .iter()
            .filter(|(_, value)| *value != HIDDEN)
            .try_fold(config, |config, (name, value)| {
                config.header(name.as_str(), value.as_str())
            })
    }
}

/// Keeps the values that an emitter's header has.
fn keep(old: Option<&Emitter>, name: &str, headers: &mut HeaderMap) -> Result<(), Error> {
    let old = old.map(|emitter| &emitter.settings().headers);
    let Some((name, old)) = HeaderName::try_from(name)
        .ok()
        .zip(old)
        .filter(|(name, old)| old.contains_key(name))
    else {
        return Err(Error::invalid(format!(
            "header `{}` has no stored value to keep: expected its value",
            name.escape_debug()
        )));
    };
    for value in old.get_all(&name) {
        headers.append(name.clone(), value.clone());
    }
    Ok(())
}

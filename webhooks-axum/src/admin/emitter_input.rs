//! Emitters as the API takes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{HeaderMap, HeaderName};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::value::RawValue;
use webhooks_core::{
    Emitter, EmitterConfig, EventPattern, Ordering, Tenant,
    emitter::Settings,
    sign::{Scheme, Schemes, Secret},
};

use super::{Problem, emitter_json::HIDDEN, retry_json::Retry};

/// An emitter in a request; read-only fields are unknown here.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmitterInput {
    pub(super) id: Option<String>,
    url: String,
    events: Vec<String>,
    #[serde(default, deserialize_with = "present")]
    tenant: Option<Option<String>>,
    description: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    header_identifier: Option<String>,
    #[serde(default, deserialize_with = "confidential")]
    headers: Option<BTreeMap<String, String>>,
    signing: Option<Vec<String>>,
    #[serde(default, deserialize_with = "confidential")]
    secret: Option<String>,
    timeout_ms: Option<u64>,
    retry: Option<Retry>,
    ordering: Option<String>,
    lanes: Option<u32>,
    rate_limit_per_second: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    disable_after_ms: Option<Option<u64>>,
}

/// Tells `null` from what is absent.
fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Without the value in the error, as serde would have it.
fn confidential<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let text = Box::<RawValue>::deserialize(deserializer)?;
    serde_json::from_str(text.get()).map_err(|_| {
        D::Error::custom("`secret` should be a string, and `headers` an object of strings")
    })
}

impl EmitterInput {
    /// The patterns, and the configuration; `old` is the emitter in whose place it comes.
    pub(super) fn into_config(
        self,
        old: Option<&Emitter>,
    ) -> Result<(Vec<EventPattern>, EmitterConfig), Problem> {
        if self.rate_limit_per_second.is_some() {
            return Err(Problem::invalid(
                "`rate_limit_per_second` is not supported by this version: expected null",
            ));
        }
        let mut settings = Settings::default();
        settings.description = self.description;
        settings.metadata = self.metadata.unwrap_or_default();
        if let Some(word) = self.header_identifier {
            settings.header_identifier = word;
        }
        if let Some(names) = self.signing {
            let schemes: Result<Vec<Scheme>, _> = names.iter().map(|name| name.parse()).collect();
            settings.signing = Schemes::new(schemes?)?;
        }
        if let Some(timeout) = self.timeout_ms {
            settings.timeout = Duration::from_millis(timeout);
        }
        if let Some(retry) = self.retry {
            settings.retry = retry.into_policy()?;
        }
        settings.ordering = match self.ordering.as_deref() {
            None | Some("strict") => Ordering::Strict,
            Some("relaxed") => Ordering::Relaxed,
            Some(_) => {
                return Err(Problem::invalid(
                    "`ordering` is unknown: expected \"strict\" or \"relaxed\"",
                ));
            }
        };
        settings.lanes = self.lanes.unwrap_or(1);
        if let Some(after) = self.disable_after_ms {
            settings.disable_after = after.map(Duration::from_millis);
        }
        let tenant = match self.tenant {
            // Without a word about it the tenant stays.
            None => old.and_then(Emitter::tenant).cloned(),
            Some(tenant) => tenant.map(Tenant::new).transpose()?,
        };
        let headers = distinct(self.headers.unwrap_or_default())?;
        for name in headers.iter().filter(is_hidden).map(|(name, _)| name) {
            keep(old, name, &mut settings.headers)?;
        }
        let mut config = EmitterConfig::new(&self.url)?
            .settings(settings)
            .tenant(tenant)
            .secret(self.secret.map(Secret::new).transpose()?);
        for (name, value) in headers.iter().filter(|header| !is_hidden(header)) {
            config = config.header(name.as_str(), value.as_str())?;
        }
        let patterns: Result<Vec<EventPattern>, _> =
            self.events.iter().map(EventPattern::new).collect();
        Ok((patterns?, config))
    }
}

/// Headers whose names differ, as HTTP sees them: of two spellings one would be lost.
fn distinct(headers: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Problem> {
    let mut names = BTreeSet::new();
    match headers
        .keys()
        .find(|name| !names.insert(name.to_ascii_lowercase()))
    {
        None => Ok(headers),
        Some(twice) => Err(Problem::invalid(format!(
            "header `{}` is there twice: expected one spelling of its name",
            twice.escape_debug()
        ))),
    }
}

fn is_hidden((_, value): &(&String, &String)) -> bool {
    *value == HIDDEN
}

/// Keeps the values that an emitter's header has.
fn keep(old: Option<&Emitter>, name: &str, headers: &mut HeaderMap) -> Result<(), Problem> {
    let old = old.map(|emitter| &emitter.settings().headers);
    let Some((name, old)) = HeaderName::try_from(name)
        .ok()
        .zip(old)
        .filter(|(name, old)| old.contains_key(name))
    else {
        return Err(Problem::invalid(format!(
            "header `{}` has no stored value to keep: expected its value",
            name.escape_debug()
        )));
    };
    for value in old.get_all(&name) {
        headers.append(name.clone(), value.clone());
    }
    Ok(())
}

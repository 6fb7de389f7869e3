//! Configurations in the admin API's JSON, from requests and files.

use std::collections::BTreeMap;

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny},
};

#[doc(hidden)]
pub use self::headers::HIDDEN;
use self::headers::HeadersJson;
use super::{
    Emitter, EmitterConfig,
    json::{SettingsJson, present},
};
use crate::{
    Error,
    event::{EventPattern, Tenant},
    retry::StrictRetryJson,
    sign::Secret,
};

/// An emitter in a request to the admin API, not yet checked; read-only fields are unknown here.
///
/// For `webhooks-axum`. Without an ID and events it is a configuration.
#[doc(hidden)]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmitterInput<Events = Vec<String>> {
    /// Its ID, unchecked.
    pub id: Option<String>,
    url: String,
    events: Events,
    #[serde(default, deserialize_with = "present")]
    tenant: Option<Option<String>>,
    description: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    header_identifier: Option<String>,
    headers: Option<HeadersJson>,
    signing: Option<Vec<String>>,
    secret: Option<SecretJson>,
    timeout_ms: Option<u64>,
    retry: Option<StrictRetryJson>,
    ordering: Option<String>,
    lanes: Option<u32>,
    rate_limit_per_second: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    disable_after_ms: Option<Option<u64>>,
}

/// A secret; being untagged, an error shows nothing of it.
#[derive(Deserialize)]
#[serde(untagged, expecting = "`secret` is of no known form: expected a text")]
enum SecretJson {
    Text(String),
}

impl EmitterInput {
    /// The patterns, and the configuration; `old` is the emitter in whose place it comes.
    ///
    /// # Errors
    /// Says what is wrong and what would be right. Ranges are checked when it is attached.
    pub fn into_config(
        mut self,
        old: Option<&Emitter>,
    ) -> Result<(Vec<EventPattern>, EmitterConfig), Error> {
        let events = std::mem::take(&mut self.events);
        let config = self.without_events(old)?;
        let patterns: Result<Vec<EventPattern>, _> = events.iter().map(EventPattern::new).collect();
        Ok((patterns?, config))
    }
}

impl<Events> EmitterInput<Events> {
    fn without_events(self, old: Option<&Emitter>) -> Result<EmitterConfig, Error> {
        if self.rate_limit_per_second.is_some() {
            return Err(Error::invalid(
                "`rate_limit_per_second` is not supported by this version: expected null",
            ));
        }
        let settings = SettingsJson {
            description: self.description,
            metadata: self.metadata,
            header_identifier: self.header_identifier,
            signing: self.signing,
            timeout_ms: self.timeout_ms,
            retry: self.retry.map(|retry| retry.0),
            ordering: self.ordering,
            lanes: self.lanes,
            disable_after_ms: self.disable_after_ms,
        };
        let mut settings = settings.into_settings()?;
        let tenant = match self.tenant {
            // Without a word about it the tenant stays.
            None => old.and_then(Emitter::tenant).cloned(),
            Some(tenant) => tenant.map(Tenant::new).transpose()?,
        };
        if let Some(headers) = &self.headers {
            headers.distinct()?;
            headers.keep(old, &mut settings.headers)?;
        }
        let secret = self.secret.map(|SecretJson::Text(text)| Secret::new(text));
        let config = EmitterConfig::new(&self.url)?
            .settings(settings)
            .tenant(tenant)
            .secret(secret.transpose()?);
        match self.headers {
            Some(headers) => headers.add_to(config),
            None => Ok(config),
        }
    }
}

/// From the admin API's shape of an emitter, without `id` and `events`, which `attach` takes.
///
/// Only `url` is required. Unknown fields are an error, and so is what
/// [`validate`](EmitterConfig::validate) refuses. It has no `Serialize`, since that would show its
/// secret and its headers.
///
/// ```
/// use webhooks_core::EmitterConfig;
///
/// let text = r#"{"url": "https://crm.example/hooks", "timeout_ms": 5000, "retry": {"max_attempts": 3}}"#;
/// let config: EmitterConfig = serde_json::from_str(text)?;
///
/// let text = r#"{"url": "https://crm.example/hooks", "timeout_ms": 0}"#;
/// let error = serde_json::from_str::<EmitterConfig>(text).unwrap_err();
/// assert!(error.to_string().contains("`timeout_ms` is 0: expected 1–600000"));
/// # Ok::<(), serde_json::Error>(())
/// ```
impl<'de> Deserialize<'de> for EmitterConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let input = EmitterInput::<Option<IgnoredAny>>::deserialize(deserializer)?;
        let elsewhere = [
            ("id", input.id.is_some()),
            ("events", input.events.is_some()),
        ];
        if let Some((name, _)) = elsewhere.into_iter().find(|(_, there)| *there) {
            return Err(D::Error::custom(format!(
                "`{name}` is not part of a configuration: expected it beside, since `attach` takes it"
            )));
        }
        let config = input.without_events(None).map_err(D::Error::custom)?;
        config.validate().map_err(D::Error::custom)?;
        Ok(config)
    }
}

mod headers;
#[cfg(test)]
mod tests;

//! The shape that settings have in JSON, their headers aside.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Deserializer, Serialize};

use super::Settings;
use crate::{
    Error,
    millis::millis,
    retry::RetryJson,
    sign::{Scheme, Schemes},
};

/// Settings in JSON, without headers; what is absent takes its default, what is unknown is ignored.
#[derive(Deserialize, Serialize)]
pub(super) struct SettingsJson {
    pub(super) description: Option<String>,
    pub(super) metadata: Option<BTreeMap<String, String>>,
    pub(super) header_identifier: Option<String>,
    pub(super) signing: Option<Vec<String>>,
    pub(super) timeout_ms: Option<u64>,
    pub(super) retry: Option<RetryJson>,
    pub(super) ordering: Option<String>,
    pub(super) lanes: Option<u32>,
    #[serde(default, deserialize_with = "present")]
    pub(super) disable_after_ms: Option<Option<u64>>,
}

/// Tells `null` from what is absent.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

impl From<&Settings> for SettingsJson {
    fn from(settings: &Settings) -> Self {
        let schemes = settings.signing.iter();
        Self {
            description: settings.description.clone(),
            metadata: Some(settings.metadata.clone()),
            header_identifier: Some(settings.header_identifier.clone()),
            signing: Some(schemes.map(|scheme| scheme.as_str().to_owned()).collect()),
            timeout_ms: Some(millis(settings.timeout)),
            retry: Some(RetryJson::from(&settings.retry)),
            ordering: Some(settings.ordering.as_str().to_owned()),
            lanes: Some(settings.lanes),
            disable_after_ms: Some(settings.disable_after.map(millis)),
        }
    }
}

impl SettingsJson {
    /// The settings, their numbers not yet checked, without headers.
    pub(super) fn into_settings(self) -> Result<Settings, Error> {
        let mut settings = Settings {
            description: self.description,
            metadata: self.metadata.unwrap_or_default(),
            ..Settings::default()
        };
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
        if let Some(word) = self.ordering {
            settings.ordering = word.parse()?;
        }
        if let Some(lanes) = self.lanes {
            settings.lanes = lanes;
        }
        if let Some(after) = self.disable_after_ms {
            settings.disable_after = after.map(Duration::from_millis);
        }
        Ok(settings)
    }
}

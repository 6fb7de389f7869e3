//! What `attach` and `upsert` take.

use std::{fmt, time::Duration};

use http::{HeaderName, HeaderValue};
use url::Url;

use super::{Ordering, Settings};
use crate::{
    Error,
    event::Tenant,
    retry::RetryPolicy,
    sign::{Schemes, Secret},
    transport::parse_url,
};

/// The configuration of an emitter: a URL, and settings that all have defaults.
///
/// ```
/// use std::time::Duration;
/// use webhooks_core::{EmitterConfig, RetryPolicy};
///
/// let config = EmitterConfig::new("https://crm.example/hooks")?
///     .timeout(Duration::from_secs(5))
///     .retry(RetryPolicy::standard())
///     .header("x-team", "billing")?;
/// assert!(config.validate().is_ok());
/// # Ok::<(), webhooks_core::Error>(())
/// ```
#[derive(Clone)]
#[must_use = "a configuration does nothing until it is attached"]
pub struct EmitterConfig {
    pub(crate) url: Url,
    pub(crate) url_text: String,
    pub(crate) tenant: Option<Tenant>,
    pub(crate) secret: Option<Secret>,
    pub(crate) settings: Settings,
}

impl EmitterConfig {
    /// An emitter that posts to `url`.
    ///
    /// # Errors
    /// [`InvalidUrl`](crate::ErrorKind::InvalidUrl) if that is no URL for webhooks. Whether its address
    /// is allowed depends on the [`Webhooks`](crate::Webhooks) that it is attached to.
    pub fn new(url: impl AsRef<str>) -> Result<Self, Error> {
        Ok(Self {
            url: parse_url(url.as_ref())?,
            url_text: url.as_ref().to_owned(),
            tenant: None,
            secret: None,
            settings: Settings::default(),
        })
    }

    /// With these settings, replacing all.
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Only events of this tenant reach it. Defaults to none, and then only events without one do.
    pub fn tenant(mut self, tenant: impl Into<Option<Tenant>>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// The secret of its HMAC signatures. Defaults to a generated one.
    pub fn secret(mut self, secret: impl Into<Option<Secret>>) -> Self {
        self.secret = secret.into();
        self
    }

    /// A text for people. Defaults to none.
    pub fn description(mut self, text: impl Into<String>) -> Self {
        self.settings.description = Some(text.into());
        self
    }

    /// Adds an entry of the application's own. Defaults to none.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.metadata.insert(key.into(), value.into());
        self
    }

    /// The word in `x-<word>-event` and its like. Defaults to `Webhooks`.
    pub fn header_identifier(mut self, word: impl Into<String>) -> Self {
        self.settings.header_identifier = word.into();
        self
    }

    /// Sends this header along with each attempt. Defaults to none.
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if HTTP does not allow the name or the value;
    /// reserved names are refused when the configuration is attached.
    pub fn header<N, V>(mut self, name: N, value: V) -> Result<Self, Error>
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        self.settings.insert_header(name, value)?;
        Ok(self)
    }

    /// The signature schemes. Defaults to Standard v1 and Emitter.
    pub fn signing(mut self, schemes: Schemes) -> Self {
        self.settings.signing = schemes;
        self
    }

    /// Of an attempt: look-up, connect and head; whole milliseconds, 1 ms to 10 minutes. Defaults to
    /// 15 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.settings.timeout = timeout;
        self
    }

    /// When failed deliveries are tried again. Defaults to [`RetryPolicy::default`].
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.settings.retry = retry;
        self
    }

    /// In which order the deliveries of a lane go out. Defaults to strict.
    pub fn ordering(mut self, ordering: Ordering) -> Self {
        self.settings.ordering = ordering;
        self
    }

    /// How many deliveries go out side by side, 1–1024. Defaults to 1.
    pub fn lanes(mut self, lanes: u32) -> Self {
        self.settings.lanes = lanes;
        self
    }

    /// After how long of nothing but failures the emitter is disabled, in whole milliseconds.
    /// Defaults to 5 days.
    pub fn disable_after(mut self, after: impl Into<Option<Duration>>) -> Self {
        self.settings.disable_after = after.into();
        self
    }

    /// Checks everything that can be checked without a [`Webhooks`](crate::Webhooks).
    ///
    /// # Errors
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig), naming the setting and what would be right.
    pub fn validate(&self) -> Result<(), Error> {
        self.settings.validate()?;
        match &self.secret {
            Some(secret) => self.settings.signing.validate(secret),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for EmitterConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmitterConfig")
            .field("host", &self.url.host_str())
            .field("tenant", &self.tenant)
            .field("secret", &self.secret)
            .field("settings", &self.settings)
            .finish()
    }
}

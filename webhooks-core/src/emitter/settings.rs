//! The settings of an emitter that many emitters have in common.

use std::{collections::BTreeMap, fmt, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::is_reserved_header;
use crate::{
    Error, ErrorKind, millis::require_whole_millis, retry::RetryPolicy, sign::Schemes, words::words,
};

pub(crate) const MAX_LANES: u32 = 1_024;
const MAX_TIMEOUT: Duration = Duration::from_secs(600);
const MAX_DISABLE_AFTER: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const MAX_HEADERS: usize = 50;
const MAX_METADATA: usize = 50;
const MAX_TEXT: usize = 1_024;

/// In which order the deliveries of a lane go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Ordering {
    /// The head is delivered, retried or given up before the next one starts.
    #[default]
    Strict,
    /// A failed delivery steps aside until it is due again, and the lane goes on.
    Relaxed,
}

impl Ordering {
    /// The word for it in the admin API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Relaxed => "relaxed",
        }
    }
}

words!(Ordering, "`ordering`", [Self::Strict, Self::Relaxed]);

/// The settings of an emitter that many emitters have in common; equal ones are shared.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// A text for people.
    pub description: Option<String>,
    /// Flat text of the application's own.
    pub metadata: BTreeMap<String, String>,
    /// The word in `x-<word>-event` and its like. Defaults to `Webhooks`.
    pub header_identifier: String,
    /// Headers sent along with each attempt. Their values may be credentials: no log shows them.
    pub headers: HeaderMap,
    /// The signature schemes. Defaults to Standard v1 and Emitter.
    pub signing: Schemes,
    /// Of an attempt: look-up, connect and head. Defaults to 15 s.
    pub timeout: Duration,
    /// Defaults to [`RetryPolicy::default`].
    pub retry: RetryPolicy,
    /// Defaults to strict.
    pub ordering: Ordering,
    /// Defaults to 1.
    pub lanes: u32,
    /// After how long of nothing but failures the emitter is disabled. Defaults to 5 days.
    pub disable_after: Option<Duration>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            description: None,
            metadata: BTreeMap::new(),
            header_identifier: "Webhooks".to_owned(),
            headers: HeaderMap::new(),
            signing: Schemes::default(),
            timeout: Duration::from_secs(15),
            retry: RetryPolicy::default(),
            ordering: Ordering::Strict,
            lanes: 1,
            disable_after: Some(Duration::from_secs(5 * 24 * 60 * 60)),
        }
    }
}

impl Settings {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`InvalidConfig`](ErrorKind::InvalidConfig), naming the setting and its range.
    pub fn validate(&self) -> Result<(), Error> {
        self.retry.validate()?;
        require((1..=MAX_LANES).contains(&self.lanes), || {
            format!("`lanes` is {}: expected 1–{MAX_LANES}", self.lanes)
        })?;
        require(
            !self.timeout.is_zero() && self.timeout <= MAX_TIMEOUT,
            || {
                format!(
                    "`timeout_ms` is {}: expected 1–600000",
                    self.timeout.as_millis()
                )
            },
        )?;
        require_whole_millis("timeout_ms", self.timeout)?;
        if let Some(after) = self.disable_after {
            require(!after.is_zero() && after <= MAX_DISABLE_AFTER, || {
                format!(
                    "`disable_after_ms` is {}: expected 1 ms to 365 days",
                    after.as_millis()
                )
            })?;
            require_whole_millis("disable_after_ms", after)?;
        }
        let identifier = &self.header_identifier;
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        require(
            (1..=64).contains(&identifier.len()) && identifier.bytes().all(is_word),
            || {
                "`header_identifier` is not a word for header names: expected 1–64 of [A-Za-z0-9-]"
                    .to_owned()
            },
        )?;
        require(
            self.description
                .as_ref()
                .is_none_or(|text| text.len() <= MAX_TEXT),
            || format!("`description` is too long: expected at most {MAX_TEXT} bytes"),
        )?;
        self.validate_metadata()?;
        self.validate_headers()
    }

    fn validate_metadata(&self) -> Result<(), Error> {
        require(self.metadata.len() <= MAX_METADATA, || {
            format!(
                "`metadata` has {} entries: at most {MAX_METADATA}",
                self.metadata.len()
            )
        })?;
        let fits = |(key, value): (&String, &String)| {
            (1..=128).contains(&key.len()) && value.len() <= MAX_TEXT
        };
        require(self.metadata.iter().all(fits), || {
            format!(
                "`metadata` has an entry that is too long: keys have 1–128 bytes, values at most {MAX_TEXT}"
            )
        })
    }

    fn validate_headers(&self) -> Result<(), Error> {
        require(self.headers.len() <= MAX_HEADERS, || {
            format!(
                "`headers` has {} entries: at most {MAX_HEADERS}",
                self.headers.len()
            )
        })?;
        self.headers.keys().try_for_each(|name| {
            require(!is_reserved_header(name, &self.header_identifier), || {
                format!("header `{name}` cannot be set: the library or HTTP itself decides on it")
            })
        })
    }

    /// Whether these lead deliveries into other lanes than `other`.
    pub(crate) fn spreads_like(&self, other: &Self) -> bool {
        self.lanes == other.lanes && self.ordering == other.ordering
    }

    pub(crate) fn insert_header<N, V>(&mut self, name: N, value: V) -> Result<(), Error>
    where
        N: TryInto<HeaderName>,
        V: TryInto<HeaderValue>,
    {
        let name = name.try_into().map_err(|_| {
            Error::new(
                ErrorKind::InvalidConfig,
                "a header has a name that HTTP does not allow: expected a token (RFC 9110, section 5.6.2)",
            )
        })?;
        let mut value = value.try_into().map_err(|_| {
            Error::new(
                ErrorKind::InvalidConfig,
                format!("header `{name}` has a value that HTTP does not allow: expected visible ASCII, spaces and tabs"),
            )
        })?;
        value.set_sensitive(true);
        self.headers.insert(name, value);
        Ok(())
    }
}

/// Names headers without their values.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("description", &self.description)
            .field("metadata", &self.metadata)
            .field("header_identifier", &self.header_identifier)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("signing", &self.signing)
            .field("timeout", &self.timeout)
            .field("retry", &self.retry)
            .field("ordering", &self.ordering)
            .field("lanes", &self.lanes)
            .field("disable_after", &self.disable_after)
            .finish()
    }
}

fn require(right: bool, message: impl FnOnce() -> String) -> Result<(), Error> {
    if right {
        Ok(())
    } else {
        Err(Error::new(ErrorKind::InvalidConfig, message()))
    }
}

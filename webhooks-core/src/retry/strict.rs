//! Retry policies in requests and files: as everywhere in JSON, and what is unknown is an error.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use super::{
    Jitter, RetryPolicy,
    json::{JitterJson, Policy, RetryJson},
};

/// A retry policy of which every field is known.
#[derive(Deserialize)]
#[serde(transparent)]
pub(crate) struct StrictRetryJson(#[serde(with = "Fields")] pub(crate) RetryJson);

/// The fields of [`RetryJson`], which the compiler compares.
#[derive(Deserialize)]
#[serde(
    remote = "RetryJson",
    deny_unknown_fields,
    expecting = "a retry policy"
)]
struct Fields {
    #[serde(default)]
    policy: Policy,
    max_attempts: Option<u32>,
    max_age_ms: Option<u64>,
    initial_ms: Option<u64>,
    max_ms: Option<u64>,
    factor: Option<f64>,
    delays_ms: Option<Vec<u64>>,
    jitter: Option<JitterJson>,
    #[serde(default)]
    give_up_on: Vec<u16>,
}

/// As the admin API shows it.
impl Serialize for RetryPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RetryJson::from(self).serialize(serializer)
    }
}

/// As the admin API takes it: absent fields take their defaults, unknown ones are an error, and so
/// is what [`validate`](RetryPolicy::validate) refuses.
impl<'de> Deserialize<'de> for RetryPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = StrictRetryJson::deserialize(deserializer)?;
        let policy = json.0.into_policy().map_err(D::Error::custom)?;
        policy.validate().map_err(D::Error::custom)?;
        Ok(policy)
    }
}

/// `"full"`, `"none"` or a number.
impl Serialize for Jitter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        JitterJson::from(*self).serialize(serializer)
    }
}

/// From `"full"`, `"none"` or a number; its range is checked with the policy's.
impl<'de> Deserialize<'de> for Jitter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = JitterJson::deserialize(deserializer)?;
        json.into_jitter().map_err(D::Error::custom)
    }
}

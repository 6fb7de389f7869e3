//! When a failed delivery is tried again, and when it is given up.
//!
//! A [`RetryPolicy`] is pure: the same attempt number and the same draw give the same delay.

#[cfg(any(feature = "serde", feature = "sqlite", feature = "postgres"))]
mod json;
mod policy;
#[cfg(feature = "serde")]
mod strict;
#[cfg(test)]
pub(crate) mod tests;
mod validate;

#[cfg(any(feature = "serde", feature = "sqlite", feature = "postgres"))]
pub(crate) use self::json::RetryJson;
pub use self::policy::{Backoff, Jitter, RetryPolicy};
#[cfg(feature = "serde")]
pub(crate) use self::strict::StrictRetryJson;
#[cfg(all(test, any(feature = "sqlite", feature = "postgres")))]
pub(crate) use self::tests::any_policy;

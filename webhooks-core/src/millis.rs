//! Durations of a configuration: whole milliseconds, since its JSON has no others.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// As JSON has it.
#[cfg(any(feature = "serde", feature = "sqlite", feature = "postgres"))]
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Refuses what JSON could not give back; `name` is the setting's.
pub(crate) fn require_whole_millis(name: &str, duration: Duration) -> Result<(), Error> {
    if duration.subsec_nanos().is_multiple_of(1_000_000) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::InvalidConfig,
        format!("`{name}` is {duration:?}: expected whole milliseconds"),
    ))
}

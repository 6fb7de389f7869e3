//! What IDs say by themselves.

use std::time::Duration;

use uuid::Uuid;

#[cfg(any(feature = "sqlite", feature = "postgres"))]
use crate::event::DeliveryId;
use crate::{env::Timestamp, event::MessageId};

/// By how much the time in a message ID may differ from `created_at`: IDs that are made faster than
/// 4096 a millisecond run ahead of the clock.
const SLACK: Duration = Duration::from_secs(60);

/// No message that was emitted at this time or later has a smaller ID.
pub(crate) fn floor_id(time: Timestamp) -> MessageId {
    id_at(time.saturating_sub(SLACK), 0)
}

/// No message that was emitted before this time has a greater ID.
pub(crate) fn ceiling_id(time: Timestamp) -> MessageId {
    id_at(time.saturating_add(SLACK), u128::MAX >> 48)
}

/// What an index knows of a delivery ID: 31 bits, which take four bytes.
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) fn delivery_hash(id: &DeliveryId) -> i32 {
    (crate::event::stable_hash(id.as_str()) & 0x7fff_ffff) as i32
}

/// A UUIDv7 begins with 48 bits of milliseconds (RFC 9562, section 5.7).
fn id_at(time: Timestamp, rest: u128) -> MessageId {
    let millis = u128::try_from(time.as_millis())
        .unwrap_or(0)
        .min((1 << 48) - 1);
    MessageId::from_uuid(Uuid::from_u128((millis << 80) | rest))
}

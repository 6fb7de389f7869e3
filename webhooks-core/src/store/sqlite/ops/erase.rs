//! Erasing a message's payload.

use rusqlite::params;

use super::super::{failure::Failure, rows, tx::Tx};
use super::find;
use crate::{
    delivery::{DeliveryState, DiscardReason},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::end::End,
};

/// Erases a payload and discards what of it is pending; `false` if there is no such message.
pub(in super::super) fn erase_payload(
    tx: &mut Tx<'_>,
    id: MessageId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let bytes = id.as_uuid();
    let message: Option<i64> = tx.find(&tx.sql().message_by_id, [bytes.as_bytes()], |row| {
        row.get(9)
    })?;
    let Some(message) = message else {
        return Ok(false);
    };
    let pending = tx.all(&tx.sql().pending_of_message, [bytes.as_bytes()], |row| {
        row.get::<_, String>(1)
    })?;
    for emitter in pending {
        let emitter = rows::parsed("an emitter's ID", EmitterId::new(emitter))?;
        let found = find::find_current(tx, id, &emitter, now)?;
        if let Some(mut found) = found
            && found.state == DeliveryState::Pending
        {
            let end = End::from(DiscardReason::Erased);
            find::close(tx, &emitter, &mut found, end, now)?;
            tx.for_others = true;
        }
    }
    tx.execute(&tx.sql().erase_message, [message])?;
    tx.execute(&tx.sql().erase_deliveries, params![bytes.as_bytes()])?;
    Ok(true)
}

//! One delivery, to decide on what happens to it.

use rusqlite::params;

use super::super::{failure::Failure, rows, tx::Tx};
use super::discard;
use crate::{
    delivery::{DeliveryState, DiscardReason, Seq},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::{
        Reason,
        end::{End, state_code},
    },
};

/// Where a delivery stands.
pub(in super::super) struct Found {
    pub(in super::super) seq: Seq,
    pub(in super::super) generation: u64,
    pub(in super::super) state: DeliveryState,
    pub(in super::super) reason: Option<Reason>,
    /// The number and the start of the latest attempt.
    pub(in super::super) latest: Option<(u32, Timestamp)>,
    /// Where the row of its message is.
    pub(in super::super) message: i64,
    pub(in super::super) is_erased: bool,
}

/// Where this delivery stands, if it is there.
pub(in super::super) fn find(
    tx: &Tx<'_>,
    message: MessageId,
    emitter: &EmitterId,
) -> Result<Option<Found>, Failure> {
    let mut statement = tx.prepare(&tx.sql().standing_of)?;
    let mut found = statement.query(params![message.as_uuid().as_bytes(), emitter.as_str()])?;
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let state = rows::state(row, 2)?;
    let number: Option<u32> = row.get(4)?;
    Ok(Some(Found {
        seq: row.get::<_, i64>(0)? as Seq,
        generation: row.get::<_, i64>(1)? as u64,
        state,
        reason: rows::reason(row, 3, state)?,
        latest: number.zip(rows::optional_time(row, 5)?),
        message: row.get(6)?,
        is_erased: row.get(7)?,
    }))
}

/// Like [`find`], but what is pending of an old generation is discarded first: it is in a backlog that
/// is being discarded part by part.
pub(in super::super) fn find_current(
    tx: &mut Tx<'_>,
    message: MessageId,
    emitter: &EmitterId,
    now: Timestamp,
) -> Result<Option<Found>, Failure> {
    let Some(mut found) = find(tx, message, emitter)? else {
        return Ok(None);
    };
    if found.state == DeliveryState::Pending {
        let current = tx.target(emitter)?.generation;
        if current != Some(found.generation) {
            let reason = match (discard::reason(tx, emitter, found.seq)?, current) {
                (Some(reason), _) => reason,
                (None, None) => DiscardReason::Detached,
                (None, Some(_)) => DiscardReason::Paused,
            };
            close(tx, emitter, &mut found, reason.into(), now)?;
        }
    }
    Ok(Some(found))
}

/// Settles a delivery, or settles it otherwise.
pub(in super::super) fn close(
    tx: &mut Tx<'_>,
    emitter: &EmitterId,
    found: &mut Found,
    end: End,
    now: Timestamp,
) -> Result<(), Failure> {
    tx.execute(
        &tx.sql().set_standing,
        params![
            found.seq as i64,
            state_code(end.state()),
            end.reason().map(Reason::as_str),
            now.as_micros()
        ],
    )?;
    tx.count(
        emitter,
        now,
        end.change(found.state == DeliveryState::Pending),
    );
    found.state = end.state();
    found.reason = end.reason();
    Ok(())
}

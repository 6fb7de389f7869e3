//! One delivery, to decide on what happens to it.

use super::super::{
    failure::Failure,
    rows,
    tx::{Tx, ask, get},
};
use crate::{
    delivery::{DeliveryKey, DeliveryState, DiscardReason, Seq},
    emitter::EmitterId,
    env::Timestamp,
    store::{
        Reason,
        end::{End, state_code},
    },
};

/// Where a delivery stands.
pub(super) struct Found {
    pub(super) seq: Seq,
    pub(super) state: DeliveryState,
    pub(super) is_erased: bool,
    /// The generation of its emitter, if that is there.
    pub(super) current: Option<u64>,
}

/// Where this delivery stands, if it is there; locked up to the commit. What is pending of an old generation
/// is discarded first: it is in a backlog that is being discarded part by part.
pub(super) async fn find_current(
    tx: &mut Tx<'_>,
    key: &DeliveryKey,
    now: Timestamp,
) -> Result<Option<Found>, Failure> {
    let row = ask(&tx.cx.sql.standing_of)
        .bind(key.message_id.as_uuid())
        .bind(key.emitter.as_str())
        .fetch_optional(tx.connection())
        .await?;
    let Some(row) = row else { return Ok(None) };
    let generation = rows::number(&row, 1)?;
    let mut found = Found {
        seq: rows::number(&row, 0)?,
        state: rows::state(&row, 2)?,
        is_erased: get(&row, 4)?,
        current: get::<Option<i64>>(&row, 5)?.map(i64::cast_unsigned),
    };
    if found.state == DeliveryState::Pending && found.current != Some(generation) {
        let reason = reason_to_discard(tx, &key.emitter, generation, found.current).await?;
        close(tx, key, &mut found, reason.into(), now).await?;
    }
    Ok(Some(found))
}

/// Why a delivery of this generation is being discarded, where the emitter's is another one.
pub(super) async fn reason_to_discard(
    tx: &mut Tx<'_>,
    emitter: &EmitterId,
    generation: u64,
    current: Option<u64>,
) -> Result<DiscardReason, Failure> {
    let row = ask(&tx.cx.sql.discard_reason)
        .bind(emitter.as_str())
        .bind(generation.cast_signed())
        .fetch_optional(tx.connection())
        .await?;
    Ok(match row {
        Some(row) => rows::parsed("a reason", get::<&str>(&row, 0)?.parse())?,
        None if current.is_none() => DiscardReason::Detached,
        None => DiscardReason::Paused,
    })
}

/// Settles a delivery, or settles it otherwise.
pub(super) async fn close(
    tx: &mut Tx<'_>,
    key: &DeliveryKey,
    found: &mut Found,
    end: End,
    now: Timestamp,
) -> Result<(), Failure> {
    ask(&tx.cx.sql.set_standing)
        .bind(key.message_id.as_uuid())
        .bind(key.emitter.as_str())
        .bind(state_code(end.state()))
        .bind(end.reason().map(Reason::as_str))
        .bind(now.as_micros())
        .execute(tx.connection())
        .await?;
    tx.count(
        &key.emitter,
        end.change(found.state == DeliveryState::Pending),
    );
    found.state = end.state();
    Ok(())
}

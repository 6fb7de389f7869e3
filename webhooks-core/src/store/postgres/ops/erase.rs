//! Erasing a message's payload.

use sqlx::PgConnection;

use super::{
    super::{
        failure::Failure,
        rows,
        tx::{Context, Tx, ask, get},
    },
    find,
};
use crate::{
    delivery::{DeliveryKey, DeliveryState, DiscardReason},
    env::Timestamp,
    event::MessageId,
};

/// Erases a payload and discards what of it is pending; `false` if there is no such message.
pub(in super::super) async fn erase_payload(
    connection: &mut PgConnection,
    cx: &Context,
    id: MessageId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let mut tx = Tx::begin(connection, cx, now).await?;
    let row = ask(&cx.sql.lock_message)
        .bind(id.as_uuid())
        .fetch_one(tx.connection())
        .await?;
    if !get::<bool>(&row, 0)? {
        return Ok(false);
    }
    let pending = ask(&cx.sql.pending_of_message)
        .bind(id.as_uuid())
        .fetch_all(tx.connection())
        .await?;
    for row in &pending {
        let key = DeliveryKey {
            message_id: id,
            emitter: rows::emitter_id(row, 0)?,
        };
        let found = find::find_current(&mut tx, &key, now).await?;
        if let Some(mut found) = found
            && found.state == DeliveryState::Pending
        {
            let end = DiscardReason::Erased.into();
            find::close(&mut tx, &key, &mut found, end, now).await?;
            tx.tell_others();
        }
    }
    ask(&cx.sql.erase_message)
        .bind(id.as_uuid())
        .execute(tx.connection())
        .await?;
    ask(&cx.sql.erase_bodies)
        .bind(id.as_uuid())
        .execute(tx.connection())
        .await?;
    tx.commit().await?;
    Ok(true)
}

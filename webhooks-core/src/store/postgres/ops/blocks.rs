//! Blocks of messages, so that the index of delivery IDs changes in one place only.

use sqlx::PgConnection;

use super::super::{
    failure::Failure,
    rows,
    tx::{Context, ask},
};
use crate::{
    event::{DeliveryId, MessageId},
    store::{filter::MAX_SCAN, ids::delivery_hash},
};

/// The messages with this delivery ID whose IDs are within these bounds, the greatest first; no more
/// than a page looks at.
pub(super) async fn messages_of(
    connection: &mut PgConnection,
    cx: &Context,
    id: &DeliveryId,
    (oldest, newest): (MessageId, MessageId),
) -> Result<Vec<MessageId>, Failure> {
    let found = ask(&cx.sql.messages_of_delivery_id)
        .bind(delivery_hash(id))
        .bind(id.as_str())
        .bind(oldest.as_uuid())
        .bind(newest.as_uuid())
        // One more shows that there is more.
        .bind(MAX_SCAN as i64 + 1)
        .fetch_all(connection)
        .await?;
    found.iter().map(|row| rows::message_id(row, 0)).collect()
}

//! Blocks of messages, so that the index of delivery IDs changes in one place only.

use std::{cmp::Reverse, collections::BinaryHeap};

use rusqlite::params;

use super::super::{failure::Failure, rows, tx::Tx};
use crate::{
    event::{DeliveryId, MessageId},
    store::{filter::MAX_SCAN, ids::delivery_hash},
};

/// So many messages, in the order in which they were stored, are a block: few enough that its part of
/// the index has few pages, and many enough that there are few blocks to search.
const MESSAGES: i64 = 1_024;

/// The block of the message at this place.
pub(super) fn block_of(place: i64) -> i64 {
    place / MESSAGES
}

/// The messages with this delivery ID whose IDs are within these bounds, the greatest first; no more
/// than a page looks at.
pub(super) fn messages_of(
    tx: &Tx<'_>,
    id: &DeliveryId,
    oldest: &[u8; 16],
    newest: &[u8; 16],
) -> Result<Vec<MessageId>, Failure> {
    let ends = tx.prepare(&tx.sql().message_places)?.query_row([], |row| {
        Ok((row.get::<_, Option<i64>>(0)?, row.get::<_, Option<i64>>(1)?))
    })?;
    let (Some(first), Some(last)) = ends else {
        return Ok(Vec::new());
    };
    // In the order in which they were stored they are nearly in that of their IDs, not quite.
    let mut greatest = BinaryHeap::new();
    let mut statement = tx.prepare(&tx.sql().messages_of_delivery_id)?;
    for block in block_of(first)..=block_of(last) {
        let params = params![block, delivery_hash(id), id.as_str(), oldest, newest];
        let mut found = statement.query(params)?;
        while let Some(row) = found.next()? {
            greatest.push(Reverse(rows::message_id(row, 0)?));
            // One more shows that there is more.
            if greatest.len() > MAX_SCAN + 1 {
                greatest.pop();
            }
        }
    }
    let sorted = greatest.into_sorted_vec();
    Ok(sorted.into_iter().map(|Reverse(id)| id).collect())
}

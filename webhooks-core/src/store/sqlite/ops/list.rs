//! Reading the delivery log.

use std::sync::Arc;

use rusqlite::{Params, params};

use super::super::{failure::Failure, rows, tx::Tx};
use super::blocks::messages_of;
use crate::{
    delivery::{DeliveryKey, DeliveryState},
    event::MessageId,
    store::{
        Cursor, DeliveryDetail, DeliveryFilter, DeliveryRecord, MessageDetail, Page,
        end::state_code,
        log::{MAX_SCAN, ceiling_id, floor_id},
    },
};

/// A page of the log.
///
/// Whatever finds a filter's deliveries among the fewest rows is what is looked through; the rest of
/// the filter is applied to each row, up to a bound.
pub(in super::super) fn deliveries(
    tx: &Tx<'_>,
    filter: &DeliveryFilter,
) -> Result<Page<DeliveryRecord>, Failure> {
    let oldest = filter
        .since
        .map_or(0, |since| floor_id(since).as_uuid().as_u128());
    let newest = [
        filter.cursor.as_ref().map(|cursor| cursor.message_id),
        filter.until.map(ceiling_id),
    ];
    let newest = newest.into_iter().flatten().min();
    let newest = newest.map_or(u128::MAX, |id| id.as_uuid().as_u128());
    let (oldest, newest) = (oldest.to_be_bytes(), newest.to_be_bytes());
    let sql = tx.sql();
    let mut pager = Pager::new(filter);
    if let Some(id) = &filter.delivery_id {
        for message in messages_of(tx, id, oldest, newest)? {
            let id = message.as_uuid();
            if !pager.take(tx, &sql.records_of_message, [id.as_bytes()])? {
                break;
            }
        }
    } else if let Some(emitter) = &filter.emitter {
        let params = params![oldest, newest, emitter.as_str()];
        pager.take(tx, &sql.list_of_emitter, params)?;
    } else if let Some(state @ (DeliveryState::Dead | DeliveryState::Discarded)) = filter.state {
        let params = params![oldest, newest, state_code(state)];
        pager.take(tx, &sql.list_of_state, params)?;
    } else {
        pager.take(tx, &sql.list_all, params![oldest, newest])?;
    }
    Ok(pager.page())
}

/// A page that is being filled.
struct Pager<'a> {
    filter: &'a DeliveryFilter,
    items: Vec<DeliveryRecord>,
    scanned: usize,
    last: Option<Cursor>,
    is_full: bool,
}

impl<'a> Pager<'a> {
    fn new(filter: &'a DeliveryFilter) -> Self {
        Self {
            filter,
            items: Vec::new(),
            scanned: 0,
            last: None,
            is_full: false,
        }
    }

    /// Takes what a statement finds; `false` once the page is full.
    fn take(&mut self, tx: &Tx<'_>, sql: &str, params: impl Params) -> Result<bool, Failure> {
        let mut statement = tx.prepare(sql)?;
        let mut found = statement.query(params)?;
        while let Some(row) = found.next()? {
            let cursor = Cursor {
                message_id: rows::message_id(row, 1)?,
                emitter: rows::emitter_id(row, 2)?,
            };
            let before = self.filter.cursor.as_ref().is_some_and(|after| {
                cursor.message_id == after.message_id && cursor.emitter <= after.emitter
            });
            if before {
                continue;
            }
            // There is one more than the page takes.
            self.is_full = self.items.len() >= self.filter.page_size() || self.scanned >= MAX_SCAN;
            if self.is_full {
                return Ok(false);
            }
            self.scanned += 1;
            self.last = Some(cursor);
            let record = rows::record(row)?;
            if self.filter.matches(&record) {
                self.items.push(record);
            }
        }
        Ok(true)
    }

    fn page(self) -> Page<DeliveryRecord> {
        Page {
            items: self.items,
            next: self.last.filter(|_| self.is_full),
        }
    }
}

/// One delivery as it stands.
pub(in super::super) fn record(
    tx: &Tx<'_>,
    key: &DeliveryKey,
) -> Result<Option<DeliveryRecord>, Failure> {
    let mut statement = tx.prepare(&tx.sql().record)?;
    let id = key.message_id.as_uuid();
    let mut found = statement.query(params![id.as_bytes(), key.emitter.as_str()])?;
    found.next()?.map(rows::record).transpose()
}

/// One delivery with its attempts.
pub(in super::super) fn delivery(
    tx: &Tx<'_>,
    key: &DeliveryKey,
) -> Result<Option<DeliveryDetail>, Failure> {
    let Some(record) = record(tx, key)? else {
        return Ok(None);
    };
    let Some(detail) = message(tx, key.message_id)? else {
        return Ok(None);
    };
    let mut statement = tx.prepare(&tx.sql().attempts)?;
    let id = key.message_id.as_uuid();
    let mut found = statement.query(params![id.as_bytes(), key.emitter.as_str()])?;
    let mut attempts = Vec::new();
    while let Some(row) = found.next()? {
        attempts.push(Arc::new(rows::attempt(row)?));
    }
    Ok(Some(DeliveryDetail {
        record,
        attempts,
        message: detail,
    }))
}

/// One message with its deliveries.
pub(in super::super) fn message_detail(
    tx: &Tx<'_>,
    id: MessageId,
) -> Result<Option<MessageDetail>, Failure> {
    let Some(message) = message(tx, id)? else {
        return Ok(None);
    };
    let mut statement = tx.prepare(&tx.sql().records_of_message)?;
    let mut found = statement.query([id.as_uuid().as_bytes()])?;
    let mut deliveries = Vec::new();
    while let Some(row) = found.next()? {
        deliveries.push(rows::record(row)?);
    }
    Ok(Some(MessageDetail {
        message,
        deliveries,
    }))
}

fn message(tx: &Tx<'_>, id: MessageId) -> Result<Option<Arc<crate::delivery::Message>>, Failure> {
    let mut statement = tx.prepare(&tx.sql().message_by_id)?;
    let mut found = statement.query([id.as_uuid().as_bytes()])?;
    found
        .next()?
        .map(|row| rows::message(row).map(Arc::new))
        .transpose()
}

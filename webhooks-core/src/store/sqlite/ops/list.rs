//! Reading the delivery log.

use std::sync::Arc;

use rusqlite::{Params, params};

use super::super::{failure::Failure, rows, tx::Tx};
use super::blocks::messages_of;
use crate::{
    delivery::{DeliveryKey, DeliveryState},
    event::MessageId,
    store::{
        DeliveryDetail, DeliveryFilter, DeliveryRecord, MessageDetail, Page, end::state_code,
        pager::Pager,
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
    let (oldest, newest) = filter.message_ids();
    let (oldest, newest) = (oldest.as_uuid(), newest.as_uuid());
    let (oldest, newest) = (oldest.as_bytes(), newest.as_bytes());
    let sql = tx.sql();
    let mut pager = Pager::new(filter);
    if let Some(id) = &filter.delivery_id {
        for message in messages_of(tx, id, oldest, newest)? {
            let id = message.as_uuid();
            if !take(&mut pager, tx, &sql.records_of_message, [id.as_bytes()])? {
                break;
            }
        }
    } else if let Some(emitter) = &filter.emitter {
        let params = params![oldest, newest, emitter.as_str()];
        take(&mut pager, tx, &sql.list_of_emitter, params)?;
    } else if let Some(state @ (DeliveryState::Dead | DeliveryState::Discarded)) = filter.state {
        let params = params![oldest, newest, state_code(state)];
        take(&mut pager, tx, &sql.list_of_state, params)?;
    } else {
        take(&mut pager, tx, &sql.list_all, params![oldest, newest])?;
    }
    Ok(pager.page())
}

/// Takes what a statement finds; `false` once the page is full.
fn take(
    pager: &mut Pager<'_>,
    tx: &Tx<'_>,
    sql: &str,
    params: impl Params,
) -> Result<bool, Failure> {
    let mut statement = tx.prepare(sql)?;
    let mut found = statement.query(params)?;
    while let Some(row) = found.next()? {
        if !pager.take(rows::record(row)?) {
            return Ok(false);
        }
    }
    Ok(true)
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
        .map(|row| rows::message(row, 0).map(Arc::new))
        .transpose()
}

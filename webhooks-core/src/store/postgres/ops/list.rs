//! Reading the delivery log, part by part.

use std::sync::Arc;

use sqlx::{PgConnection, Postgres, postgres::PgArguments, query::Query};
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        rows,
        tx::{Context, ask, get},
    },
    blocks::messages_of,
};
use crate::{
    delivery::{Attempt, DeliveryKey, DeliveryState},
    event::MessageId,
    store::{
        DeliveryDetail, DeliveryFilter, DeliveryRecord, MessageDetail, Page, end::state_code,
        pager::Pager,
    },
};

/// So many deliveries a statement finds at most: what is said in its text.
const PART: usize = 500;
/// The deliveries of so many messages are asked for at once.
const MESSAGES: usize = 100;
/// So many attempts are read at once: each may have a body.
const ATTEMPTS: usize = 100;

/// A page of the log.
///
/// Whatever finds a filter's deliveries among the fewest rows is what is looked through; the rest of
/// the filter is applied to each row, up to a bound.
pub(in super::super) async fn deliveries(
    connection: &mut PgConnection,
    cx: &Context,
    filter: &DeliveryFilter,
) -> Result<Page<DeliveryRecord>, Failure> {
    let mut pager = Pager::new(filter);
    let bounds = filter.message_ids();
    if let Some(id) = &filter.delivery_id {
        let messages = messages_of(connection, cx, id, bounds).await?;
        for messages in messages.chunks(MESSAGES) {
            let mut after = After::start(filter, messages[0]);
            if !take_messages(connection, cx, messages, &mut after, |record| {
                pager.take(record)
            })
            .await?
            {
                break;
            }
        }
        return Ok(pager.page());
    }
    let mut after = After::start(filter, bounds.1);
    loop {
        let oldest = bounds.0.as_uuid();
        let failed = filter
            .state
            .filter(|state| matches!(state, DeliveryState::Dead | DeliveryState::Discarded));
        let query = if let Some(emitter) = &filter.emitter {
            let query = after.bind(ask(&cx.sql.list_of_emitter).bind(oldest));
            query.bind(emitter.as_str())
        } else if let Some(state) = failed {
            let query = after.bind(ask(&cx.sql.list_of_state).bind(oldest));
            query.bind(state_code(state))
        } else {
            after.bind(ask(&cx.sql.list_all).bind(oldest))
        };
        let found = query.fetch_all(&mut *connection).await?;
        for row in &found {
            let record = rows::record(row)?;
            after.pass(&record);
            if !pager.take(record) {
                return Ok(pager.page());
            }
        }
        if found.len() < PART {
            return Ok(pager.page());
        }
    }
}

/// Hands over the deliveries of these messages, which are in the order of the log, for as long as more are
/// taken; whether all were.
async fn take_messages(
    connection: &mut PgConnection,
    cx: &Context,
    messages: &[MessageId],
    after: &mut After,
    mut take: impl FnMut(DeliveryRecord) -> bool,
) -> Result<bool, Failure> {
    loop {
        let left: Vec<Uuid> = messages
            .iter()
            .map(|id| id.as_uuid())
            .filter(|id| *id <= after.message)
            .collect();
        let found = after
            .bind(ask(&cx.sql.records_of_messages).bind(left))
            .fetch_all(&mut *connection)
            .await?;
        for row in &found {
            let record = rows::record(row)?;
            after.pass(&record);
            if !take(record) {
                return Ok(false);
            }
        }
        if found.len() < PART {
            return Ok(true);
        }
    }
}

/// Where the next part begins: behind the delivery of this message to this emitter.
struct After {
    message: Uuid,
    /// No emitter's ID is empty: all of the message's deliveries are behind that.
    emitter: String,
}

impl After {
    /// At the filter's cursor, if it is at this message, which nothing wanted is before; else right there.
    fn start(filter: &DeliveryFilter, newest: MessageId) -> Self {
        let cursor = filter.cursor.as_ref();
        let cursor = cursor.filter(|cursor| cursor.message_id == newest);
        Self {
            message: newest.as_uuid(),
            emitter: cursor.map_or_else(String::new, |cursor| cursor.emitter.as_str().into()),
        }
    }

    fn pass(&mut self, record: &DeliveryRecord) {
        self.message = record.key.message_id.as_uuid();
        self.emitter.clear();
        self.emitter.push_str(record.key.emitter.as_str());
    }

    fn bind<'q>(
        &self,
        query: Query<'q, Postgres, PgArguments>,
    ) -> Query<'q, Postgres, PgArguments> {
        query.bind(self.message).bind(self.emitter.clone())
    }
}

/// One delivery with its attempts.
pub(in super::super) async fn delivery(
    connection: &mut PgConnection,
    cx: &Context,
    key: &DeliveryKey,
) -> Result<Option<DeliveryDetail>, Failure> {
    let found = ask(&cx.sql.delivery)
        .bind(key.message_id.as_uuid())
        .bind(key.emitter.as_str())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let record = rows::record(&row)?;
    let message = Arc::new(rows::message(&row, 16)?);
    let attempts = attempts(connection, cx, &record).await?;
    Ok(Some(DeliveryDetail {
        record,
        attempts,
        message,
    }))
}

/// The attempts that this record counts. There may be more by now.
async fn attempts(
    connection: &mut PgConnection,
    cx: &Context,
    record: &DeliveryRecord,
) -> Result<Vec<Arc<Attempt>>, Failure> {
    let count = record.attempt_count as usize;
    let mut attempts = Vec::new();
    let mut after = 0;
    while attempts.len() < count {
        let part = ATTEMPTS.min(count - attempts.len());
        let found = ask(&cx.sql.attempts)
            .bind(record.key.message_id.as_uuid())
            .bind(record.key.emitter.as_str())
            .bind(after)
            .bind(part as i64)
            .fetch_all(&mut *connection)
            .await?;
        for row in &found {
            after = get::<i64>(row, 11)?;
            attempts.push(Arc::new(rows::attempt(row)?));
        }
        if found.len() < part {
            break;
        }
    }
    Ok(attempts)
}

/// One message with its deliveries.
pub(in super::super) async fn message_detail(
    connection: &mut PgConnection,
    cx: &Context,
    id: MessageId,
) -> Result<Option<MessageDetail>, Failure> {
    let found = ask(&cx.sql.message_by_id)
        .bind(id.as_uuid())
        .fetch_optional(&mut *connection)
        .await?;
    let Some(row) = found else {
        return Ok(None);
    };
    let message = Arc::new(rows::message(&row, 0)?);
    let mut deliveries = Vec::new();
    let mut after = After {
        message: id.as_uuid(),
        emitter: String::new(),
    };
    take_messages(connection, cx, &[id], &mut after, |record| {
        deliveries.push(record);
        true
    })
    .await?;
    // Those that were there with it were forgotten meanwhile, and it with them.
    Ok((!deliveries.is_empty()).then_some(MessageDetail {
        message,
        deliveries,
    }))
}

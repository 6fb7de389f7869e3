//! Reading the delivery log.

use std::{ops::Bound, time::Duration};

use uuid::Uuid;

use super::{row::Entry, state::State};
use crate::{
    delivery::DeliveryKey,
    env::Timestamp,
    event::MessageId,
    store::{Cursor, DeliveryDetail, DeliveryFilter, DeliveryRecord, MessageDetail, Page},
};

const DEFAULT_PAGE: usize = 50;
const MAX_PAGE: usize = 250;
/// A page looks at no more deliveries than this: a filter that matches little must not hold the
/// store up.
const MAX_SCAN: usize = 10_000;
/// By how much the time in a message ID may differ from `created_at`: IDs that are made faster than
/// 4096 a millisecond run ahead of the clock.
const SLACK: Duration = Duration::from_secs(60);

impl State {
    pub(super) fn deliveries(&self, filter: &DeliveryFilter) -> Page<DeliveryRecord> {
        let limit = match filter.limit {
            0 => DEFAULT_PAGE,
            limit => limit.min(MAX_PAGE),
        };
        let oldest = filter
            .since
            .map_or(Bound::Unbounded, |since| Bound::Included(floor_id(since)));
        let newest = [
            filter.cursor.as_ref().map(|cursor| cursor.message_id),
            filter.until.map(ceiling_id),
        ];
        let newest = newest.into_iter().flatten().min();
        if let (Bound::Included(oldest), Some(newest)) = (&oldest, &newest)
            && oldest > newest
        {
            return page(Vec::new(), None);
        }
        let range = (oldest, newest.map_or(Bound::Unbounded, Bound::Included));
        let mut items = Vec::new();
        let mut scanned = 0;
        let mut last: Option<(&Entry, usize)> = None;
        for entry in self.messages.range(range).rev().map(|(_, entry)| entry) {
            let matches = matches_message(filter, entry);
            for at in first_row(filter.cursor.as_ref(), entry)..entry.rows.len() {
                if items.len() >= limit || scanned >= MAX_SCAN {
                    return page(items, last);
                }
                scanned += 1;
                last = Some((entry, at));
                if matches && matches_row(filter, entry, at) {
                    items.push(entry.record(at));
                }
            }
        }
        page(items, None)
    }

    pub(super) fn delivery(&self, key: &DeliveryKey) -> Option<DeliveryDetail> {
        let (entry, at) = self.find(key)?;
        Some(DeliveryDetail {
            record: entry.record(at),
            attempts: entry.rows[at].attempts().cloned().collect(),
            message: entry.message.clone(),
        })
    }

    pub(super) fn message(&self, id: MessageId) -> Option<MessageDetail> {
        let entry = self.messages.get(&id)?;
        Some(MessageDetail {
            message: entry.message.clone(),
            deliveries: (0..entry.rows.len()).map(|at| entry.record(at)).collect(),
        })
    }
}

/// No message that was emitted at this time or later has a smaller ID.
pub(super) fn floor_id(time: Timestamp) -> MessageId {
    id_at(time.saturating_sub(SLACK), 0)
}

/// No message that was emitted before this time has a greater ID.
fn ceiling_id(time: Timestamp) -> MessageId {
    id_at(time.saturating_add(SLACK), u128::MAX >> 48)
}

/// A UUIDv7 begins with 48 bits of milliseconds (RFC 9562, section 5.7).
fn id_at(time: Timestamp, rest: u128) -> MessageId {
    let millis = u128::try_from(time.as_millis())
        .unwrap_or(0)
        .min((1 << 48) - 1);
    MessageId::from_uuid(Uuid::from_u128((millis << 80) | rest))
}

/// Where in this message the page begins.
fn first_row(cursor: Option<&Cursor>, entry: &Entry) -> usize {
    match cursor {
        Some(cursor) if cursor.message_id == entry.message.id => entry
            .rows
            .partition_point(|row| row.emitter <= cursor.emitter),
        _ => 0,
    }
}

fn matches_message(filter: &DeliveryFilter, entry: &Entry) -> bool {
    let message = &entry.message;
    let DeliveryFilter {
        event,
        delivery_id,
        tenant,
        since,
        until,
        ..
    } = filter;
    event.as_ref().is_none_or(|event| *event == message.event)
        && delivery_id
            .as_ref()
            .is_none_or(|id| *id == message.delivery_id)
        && (tenant.is_none() || *tenant == message.tenant)
        && since.is_none_or(|since| message.created_at >= since)
        && until.is_none_or(|until| message.created_at < until)
}

fn matches_row(filter: &DeliveryFilter, entry: &Entry, at: usize) -> bool {
    let row = &entry.rows[at];
    filter
        .emitter
        .as_ref()
        .is_none_or(|emitter| *emitter == row.emitter)
        && filter
            .state
            .is_none_or(|state| state == row.standing.state())
}

fn page(items: Vec<DeliveryRecord>, last: Option<(&Entry, usize)>) -> Page<DeliveryRecord> {
    let next = last.map(|(entry, at)| Cursor {
        message_id: entry.message.id,
        emitter: entry.rows[at].emitter.clone(),
    });
    Page { items, next }
}

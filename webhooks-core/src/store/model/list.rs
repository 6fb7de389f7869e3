//! Reading the delivery log.

use std::cmp::Reverse;

use super::Model;
use crate::{
    delivery::DeliveryKey,
    event::MessageId,
    store::{Cursor, DeliveryDetail, DeliveryFilter, DeliveryRecord, MessageDetail, Page},
};

impl Model {
    /// As [`Store::deliveries`](crate::store::Store::deliveries).
    #[must_use]
    pub fn deliveries(&self, filter: &DeliveryFilter) -> Page<DeliveryRecord> {
        let limit = match filter.limit {
            0 => 50,
            limit => limit.min(250),
        };
        let keys = self.deliveries.keys();
        let mut items: Vec<DeliveryRecord> = keys
            .filter_map(|key| self.record(key))
            .filter(|record| matches(filter, record))
            .collect();
        items.sort_by_key(|record| place(record.key.message_id, &record.key));
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().filter(|_| more);
        let next = last.map(|record| Cursor {
            message_id: record.key.message_id,
            emitter: record.key.emitter.clone(),
        });
        Page { items, next }
    }

    /// As [`Store::delivery`](crate::store::Store::delivery).
    #[must_use]
    pub fn delivery(&self, key: &DeliveryKey) -> Option<DeliveryDetail> {
        Some(DeliveryDetail {
            record: self.record(key)?,
            attempts: self.deliveries[key].attempts.clone(),
            message: self.messages[&key.message_id].clone(),
        })
    }

    /// As [`Store::message`](crate::store::Store::message).
    #[must_use]
    pub fn message(&self, id: MessageId) -> Option<MessageDetail> {
        let message = self.messages.get(&id)?.clone();
        let keys = self.deliveries.keys().filter(|key| key.message_id == id);
        let deliveries = keys.filter_map(|key| self.record(key)).collect();
        Some(MessageDetail {
            message,
            deliveries,
        })
    }
}

/// The greatest message ID first, then by emitter.
fn place(message: MessageId, key: &DeliveryKey) -> (Reverse<MessageId>, String) {
    (Reverse(message), key.emitter.as_str().to_owned())
}

fn matches(filter: &DeliveryFilter, record: &DeliveryRecord) -> bool {
    let DeliveryFilter {
        emitter,
        state,
        event,
        delivery_id,
        tenant,
        since,
        until,
        limit: _,
        cursor,
    } = filter;
    let behind = |cursor: &Cursor| {
        let of_cursor = DeliveryKey {
            message_id: cursor.message_id,
            emitter: cursor.emitter.clone(),
        };
        place(record.key.message_id, &record.key) > place(cursor.message_id, &of_cursor)
    };
    emitter.as_ref().is_none_or(|id| *id == record.key.emitter)
        && state.is_none_or(|state| state == record.state)
        && event.as_ref().is_none_or(|event| *event == record.event)
        && delivery_id
            .as_ref()
            .is_none_or(|id| *id == record.delivery_id)
        && (tenant.is_none() || *tenant == record.tenant)
        && since.is_none_or(|since| since <= record.created_at)
        && until.is_none_or(|until| record.created_at < until)
        && cursor.as_ref().is_none_or(behind)
}

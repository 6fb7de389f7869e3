//! Reading the delivery log.

use std::ops::Bound;

use super::{row::Entry, state::State};
use crate::{
    delivery::DeliveryKey,
    event::MessageId,
    store::{
        Cursor, DeliveryDetail, DeliveryFilter, DeliveryRecord, MessageDetail, Page,
        filter::MAX_SCAN,
        ids::{ceiling_id, floor_id},
    },
};

impl State {
    pub(super) fn deliveries(&self, filter: &DeliveryFilter) -> Page<DeliveryRecord> {
        let limit = filter.page_size();
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
    filter.matches_message(
        &message.event,
        &message.delivery_id,
        message.tenant.as_ref(),
        message.created_at,
    )
}

fn matches_row(filter: &DeliveryFilter, entry: &Entry, at: usize) -> bool {
    let row = &entry.rows[at];
    filter.matches_delivery(&row.emitter, row.standing.state())
}

fn page(items: Vec<DeliveryRecord>, last: Option<(&Entry, usize)>) -> Page<DeliveryRecord> {
    let next = last.map(|(entry, at)| Cursor {
        message_id: entry.message.id,
        emitter: entry.rows[at].emitter.clone(),
    });
    Page { items, next }
}

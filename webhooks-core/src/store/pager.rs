//! Pages of the log, filled from what statements find.

use super::{Cursor, DeliveryFilter, DeliveryRecord, Page, filter::MAX_SCAN};

/// A page that is being filled.
pub(super) struct Pager<'a> {
    filter: &'a DeliveryFilter,
    items: Vec<DeliveryRecord>,
    scanned: usize,
    last: Option<Cursor>,
    is_full: bool,
}

impl<'a> Pager<'a> {
    pub(super) fn new(filter: &'a DeliveryFilter) -> Self {
        Self {
            filter,
            items: Vec::new(),
            scanned: 0,
            last: None,
            is_full: false,
        }
    }

    /// Takes the next delivery in the order of the log, if it is behind the filter's cursor and matches;
    /// `false` once the page is full.
    pub(super) fn take(&mut self, record: DeliveryRecord) -> bool {
        let cursor = Cursor {
            message_id: record.key.message_id,
            emitter: record.key.emitter.clone(),
        };
        let before = self.filter.cursor.as_ref().is_some_and(|after| {
            cursor.message_id == after.message_id && cursor.emitter <= after.emitter
        });
        if before {
            return true;
        }
        // There is one more than the page takes.
        self.is_full = self.items.len() >= self.filter.page_size() || self.scanned >= MAX_SCAN;
        if self.is_full {
            return false;
        }
        self.scanned += 1;
        self.last = Some(cursor);
        if self.filter.matches(&record) {
            self.items.push(record);
        }
        true
    }

    pub(super) fn page(self) -> Page<DeliveryRecord> {
        Page {
            items: self.items,
            next: self.last.filter(|_| self.is_full),
        }
    }
}

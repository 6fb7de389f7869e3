//! Messages as columns, for statements about many.

use uuid::Uuid;

use crate::{delivery::Message, store::ids::delivery_hash};

/// The columns of messages, one behind the other.
#[derive(Default)]
pub(super) struct MessageColumns<'a> {
    pub(super) id: Vec<Uuid>,
    pub(super) delivery_hash: Vec<i32>,
    pub(super) event: Vec<&'a str>,
    pub(super) delivery_id: Vec<&'a str>,
    pub(super) tenant: Vec<Option<&'a str>>,
    pub(super) ordering_key: Vec<Option<&'a str>>,
    pub(super) trace_parent: Vec<Option<&'a str>>,
    pub(super) created_at: Vec<i64>,
    pub(super) size: Vec<i32>,
    pub(super) body: Vec<Option<&'a [u8]>>,
}

impl<'a> MessageColumns<'a> {
    pub(super) fn push(&mut self, message: &'a Message) {
        self.id.push(message.id.as_uuid());
        self.delivery_hash.push(delivery_hash(&message.delivery_id));
        self.event.push(message.event.as_str());
        self.delivery_id.push(message.delivery_id.as_str());
        self.tenant.push(message.tenant.as_ref().map(AsRef::as_ref));
        self.ordering_key
            .push(message.ordering_key.as_ref().map(AsRef::as_ref));
        self.trace_parent
            .push(message.trace_parent.as_ref().map(AsRef::as_ref));
        self.created_at.push(message.created_at.as_micros());
        self.size
            .push(i32::try_from(message.size).unwrap_or(i32::MAX));
        self.body.push(message.body.as_deref());
    }
}

/// Binds the columns in their order.
macro_rules! bind_messages {
    ($query:expr, $columns:expr) => {{
        let columns = $columns;
        $query
            .bind(columns.id)
            .bind(columns.delivery_hash)
            .bind(columns.event)
            .bind(columns.delivery_id)
            .bind(columns.tenant)
            .bind(columns.ordering_key)
            .bind(columns.trace_parent)
            .bind(columns.created_at)
            .bind(columns.size)
            .bind(columns.body)
    }};
}

pub(super) use bind_messages;

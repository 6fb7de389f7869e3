//! Messages that are sent again because their answer was lost.

use std::collections::{HashMap, HashSet};

use sqlx::PgConnection;
use uuid::Uuid;

use super::super::{
    failure::Failure,
    rows,
    tx::{Context, ask},
};
use crate::{
    delivery::{DeadReason, DeliveryKey},
    event::MessageId,
    store::{Appended, AppendedRow, Fate, NewMessage, Reason, Stored},
};

/// The answer to a delivery that is sent again after it was forgotten.
const GONE: AppendedRow = AppendedRow {
    seq: 0,
    fate: Fate::Stale,
};

/// What is there of messages that are sent again.
pub(super) struct Before {
    messages: HashSet<MessageId>,
    rows: HashMap<DeliveryKey, AppendedRow>,
}

/// Looks up the deliveries of messages that are sent again.
pub(super) async fn sent_before(
    connection: &mut PgConnection,
    cx: &Context,
    messages: Vec<MessageId>,
) -> Result<Before, Failure> {
    let ids: Vec<Uuid> = messages.into_iter().map(MessageId::as_uuid).collect();
    let found = ask(&cx.sql.sent_before)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    let mut before = Before {
        messages: HashSet::new(),
        rows: HashMap::new(),
    };
    for row in &found {
        let key = DeliveryKey {
            message_id: rows::message_id(row, 0)?,
            emitter: rows::emitter_id(row, 1)?,
        };
        let state = rows::state(row, 3)?;
        let fate = match rows::reason(row, 4, state)? {
            Some(Reason::Dead(DeadReason::QueueFull)) => Fate::QueueFull,
            Some(Reason::Discarded(_)) => Fate::Stale,
            _ => Fate::Withheld,
        };
        before.messages.insert(key.message_id);
        let seq = rows::number(row, 2)?;
        before.rows.insert(key, AppendedRow { seq, fate });
    }
    Ok(before)
}

impl Before {
    /// Whether deliveries of this message are there.
    pub(super) fn has(&self, message: MessageId) -> bool {
        self.messages.contains(&message)
    }

    /// Nothing of it may go straight to memory, where it may be.
    pub(super) fn answer(&self, new: &NewMessage) -> Appended {
        let row = |emitter: &crate::emitter::EmitterId| {
            let key = DeliveryKey {
                message_id: new.message.id,
                emitter: emitter.clone(),
            };
            self.rows.get(&key).copied().unwrap_or(GONE)
        };
        let deliveries = new.deliveries.iter();
        Appended::Stored(Stored {
            rows: deliveries.map(|delivery| row(&delivery.emitter)).collect(),
        })
    }
}

//! Appending inside a transaction of the application's.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        tx::{Context, ask, get},
    },
    messages::{MessageColumns, bind_messages},
};
use crate::store::{Append, Appended, AppendedRow, Fate, Stored, stats::hour_of};

/// Stores a batch without idempotency keys; `None` if these are not the store's tables.
///
/// Nothing is read that changes, and no row is locked: others need not wait for the application's
/// transaction, whatever its isolation. So whether a generation is current is not known: what is not is
/// discarded later.
pub(in super::super) async fn append_in(
    connection: &mut PgConnection,
    cx: &Context,
    batch: &Append,
) -> Result<Option<Vec<Appended>>, Failure> {
    let mut ids: Vec<Uuid> = Vec::new();
    let (mut emitters, mut generations) = (Vec::new(), Vec::new());
    let (mut due, mut key_hashes) = (Vec::new(), Vec::new());
    let mut messages = MessageColumns::default();
    for new in &batch.messages {
        let key_hash = new.message.ordering_key.as_ref();
        let key_hash = key_hash.map(|key| key.stable_hash());
        for delivery in &new.deliveries {
            ids.push(new.message.id.as_uuid());
            emitters.push(delivery.emitter.as_str());
            generations.push(delivery.generation.cast_signed());
            due.push(delivery.due.as_micros());
            key_hashes.push(key_hash);
        }
        if !new.deliveries.is_empty() {
            messages.push(&new.message);
        }
    }
    let query = ask(&cx.sql.emit_in)
        .bind(&*cx.store_id)
        .bind(ids)
        .bind(emitters)
        .bind(generations)
        .bind(due)
        .bind(key_hashes);
    let rows = bind_messages!(query, messages)
        .bind(hour_of(batch.now))
        .bind(&*cx.signals.channel)
        .fetch_all(connection)
        .await?;
    let mut seqs = Vec::with_capacity(rows.len());
    for row in &rows {
        let Some(seq) = get::<Option<i64>>(row, 0)? else {
            return Ok(None);
        };
        seqs.push(seq);
    }
    let mut seqs = seqs.into_iter().filter(|seq| *seq > 0);
    let stored = batch.messages.iter().map(|new| {
        let rows = new.deliveries.iter().filter_map(|_| seqs.next());
        let row = |seq: i64| AppendedRow {
            seq: seq.cast_unsigned(),
            fate: Fate::Withheld,
        };
        Appended::Stored(Stored {
            rows: rows.map(row).collect(),
        })
    });
    Ok(Some(stored.collect()))
}

//! Messages that repeat one before them in their batch.

use std::collections::HashMap;

use super::idempotency::scope;
use crate::store::{Appended, AppendedRow, Fate, NewMessage, Receipt, Stored};

/// For each message the place of an earlier one that has its ID or its key.
pub(super) fn repetitions(messages: &[NewMessage]) -> Vec<Option<usize>> {
    let mut ids = HashMap::new();
    let mut keys = HashMap::new();
    messages
        .iter()
        .enumerate()
        .map(|(at, new)| {
            let tenant = scope(new.message.tenant.as_ref());
            let key = new.idempotency.as_ref().map(|(key, _)| key);
            let of_key = key.and_then(|key| keys.get(&(tenant, key)).copied());
            let first = ids.get(&new.message.id).copied().or(of_key);
            if first.is_none() {
                ids.insert(new.message.id, at);
                keys.extend(key.map(|key| ((tenant, key), at)));
            }
            first
        })
        .collect()
}

/// The answer to a message that has the ID or the key of an earlier one: the same, or what the key stands for
/// since the earlier one was stored.
pub(super) fn repeated(
    messages: &[NewMessage],
    first: usize,
    at: usize,
    answers: &[Option<Appended>],
    is_new: bool,
) -> Option<Appended> {
    let (earlier, new) = (&messages[first], &messages[at]);
    let Some(Appended::Stored(stored)) = &answers[first] else {
        return None;
    };
    if earlier.message.id == new.message.id {
        let rows = stored.rows.iter().map(|row| withheld(*row)).collect();
        return Some(Appended::Stored(Stored { rows }));
    }
    if !is_new {
        return None;
    }
    let fingerprint = |new: &NewMessage| new.idempotency.as_ref().map(|(_, print)| *print);
    if fingerprint(earlier) != fingerprint(new) {
        return Some(Appended::IdempotencyMismatch);
    }
    let queued = |row: &&AppendedRow| row.fate.is_queued();
    Some(Appended::Duplicate(Receipt {
        delivery_id: earlier.message.delivery_id.clone(),
        message_id: earlier.message.id,
        deliveries: stored.rows.iter().filter(queued).count(),
    }))
}

fn withheld(row: AppendedRow) -> AppendedRow {
    let fate = match row.fate {
        Fate::Straight => Fate::Withheld,
        other => other,
    };
    AppendedRow { fate, ..row }
}

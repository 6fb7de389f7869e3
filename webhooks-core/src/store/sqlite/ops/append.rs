//! Appending messages.

use rusqlite::params;

use super::super::{
    failure::Failure,
    tx::{Sequence, Target, Tx},
};
use crate::{
    delivery::{DeadReason, DeliveryState, DiscardReason, Message},
    env::Timestamp,
    store::{
        Append, Appended, AppendedRow, Fate, NewDelivery, NewMessage, NodeId, Reason, Receipt,
        Stored,
        end::state_code,
        ids::delivery_hash,
        sqlite::ops::{blocks::block_of, find, idempotency},
        stats::{Change, Settled},
    },
};

/// The answer to a delivery that is sent again after it was forgotten.
const GONE: AppendedRow = AppendedRow {
    seq: 0,
    fate: Fate::Stale,
};

/// Stores a batch of messages, in order.
pub(in super::super) fn append(tx: &mut Tx<'_>, batch: &Append) -> Result<Vec<Appended>, Failure> {
    batch
        .messages
        .iter()
        .map(|new| append_one(tx, batch.node, new, batch.now))
        .collect()
}

fn append_one(
    tx: &mut Tx<'_>,
    node: NodeId,
    new: &NewMessage,
    now: Timestamp,
) -> Result<Appended, Failure> {
    let message = &*new.message;
    if let Some((key, fingerprint)) = &new.idempotency {
        let id = message.id.as_uuid();
        if tx.value(&tx.sql().message_is_there, [id.as_bytes()])? {
            return sent_again(tx, new);
        }
        if let Some(known) = idempotency::find(tx, message.tenant.as_ref(), key, now)? {
            return Ok(if known.receipt.message_id == message.id {
                // It had no deliveries, or they are forgotten.
                let rows = vec![GONE; new.deliveries.len()];
                Appended::Stored(Stored { rows })
            } else if known.fingerprint == *fingerprint {
                Appended::Duplicate(known.receipt)
            } else {
                Appended::IdempotencyMismatch
            });
        }
    }
    let mut rows = Vec::with_capacity(new.deliveries.len());
    if !new.deliveries.is_empty() {
        let Some(place) = insert_message(tx, message)? else {
            return sent_again(tx, new);
        };
        for delivery in &new.deliveries {
            rows.push(insert_delivery(tx, node, message, place, delivery, now)?);
        }
    }
    if let Some((key, fingerprint)) = &new.idempotency {
        let queued = |row: &&AppendedRow| row.fate.is_queued();
        let receipt = Receipt {
            delivery_id: message.delivery_id.clone(),
            message_id: message.id,
            deliveries: rows.iter().filter(queued).count(),
        };
        idempotency::put(tx, message.tenant.as_ref(), key, fingerprint, &receipt, now)?;
    }
    Ok(Appended::Stored(Stored { rows }))
}

/// Returns the place of the row; `None` if the message is there already.
fn insert_message(tx: &mut Tx<'_>, message: &Message) -> Result<Option<i64>, Failure> {
    let place = tx.next(Sequence::Message)? as i64;
    let inserted = tx.execute(
        &tx.sql().insert_message,
        params![
            place,
            block_of(place),
            delivery_hash(&message.delivery_id),
            message.id.as_uuid().as_bytes(),
            message.event.as_str(),
            message.delivery_id.as_str(),
            message.tenant.as_ref().map(AsRef::<str>::as_ref),
            message.ordering_key.as_ref().map(AsRef::<str>::as_ref),
            message.trace_parent.as_ref().map(AsRef::<str>::as_ref),
            message.created_at.as_micros(),
            message.size as i64,
            message.body.as_deref(),
        ],
    )?;
    Ok((inserted > 0).then_some(place))
}

fn insert_delivery(
    tx: &mut Tx<'_>,
    node: NodeId,
    message: &Message,
    place: i64,
    delivery: &NewDelivery,
    now: Timestamp,
) -> Result<AppendedRow, Failure> {
    let target = tx.target(&delivery.emitter)?;
    let seq = tx.next_seq()?;
    let refused = refusal(&target, delivery.generation);
    let (state, settled_at) = match refused {
        None => (DeliveryState::Pending, None),
        Some(_) => (DeliveryState::Discarded, Some(now.as_micros())),
    };
    tx.execute(
        &tx.sql().insert_delivery,
        params![
            seq as i64,
            place,
            message.id.as_uuid().as_bytes(),
            delivery.emitter.as_str(),
            delivery.generation as i64,
            message.ordering_key.as_ref().map(|key| key.stable_hash()),
            state_code(state),
            refused.map(DiscardReason::as_str),
            delivery.due.as_micros(),
            settled_at,
        ],
    )?;
    if refused.is_some() {
        let settled = Settled {
            discarded: 1,
            ..Settled::default()
        };
        tx.count(
            &delivery.emitter,
            now,
            Change {
                pending: 0,
                settled,
            },
        );
        let fate = Fate::Stale;
        return Ok(AppendedRow { seq, fate });
    }
    let settled = Settled::default();
    tx.count(
        &delivery.emitter,
        now,
        Change {
            pending: 1,
            settled,
        },
    );
    let proven = delivery
        .epoch
        .is_some_and(|epoch| target.is_owned_by(node, epoch));
    if !proven {
        tx.mark(&delivery.emitter)?;
    }
    let fate = if proven && !target.marked {
        Fate::Straight
    } else {
        Fate::Withheld
    };
    Ok(AppendedRow { seq, fate })
}

/// Why a delivery of this generation cannot be queued.
fn refusal(target: &Target, generation: u64) -> Option<DiscardReason> {
    match target.generation {
        None => Some(DiscardReason::Detached),
        Some(current) if current != generation => Some(DiscardReason::Paused),
        Some(_) => None,
    }
}

/// The answer to a message that is there already: nothing of it may go straight to memory, where
/// it may be.
fn sent_again(tx: &mut Tx<'_>, new: &NewMessage) -> Result<Appended, Failure> {
    let mut answers = Vec::with_capacity(new.deliveries.len());
    for delivery in &new.deliveries {
        let found = find::find(tx, new.message.id, &delivery.emitter)?;
        answers.push(match found {
            None => GONE,
            Some(found) => AppendedRow {
                seq: found.seq,
                fate: match found.reason {
                    Some(Reason::Dead(DeadReason::QueueFull)) => Fate::QueueFull,
                    Some(Reason::Discarded(_)) => Fate::Stale,
                    _ => Fate::Withheld,
                },
            },
        });
    }
    Ok(Appended::Stored(Stored { rows: answers }))
}

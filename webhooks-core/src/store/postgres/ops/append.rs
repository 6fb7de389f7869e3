//! Appending messages.

use sqlx::PgConnection;

use super::{
    super::{failure::Failure, tx::Context},
    again_sent::sent_before,
    append_batch::{Batch, Written},
    idempotency,
    repeats::{repeated, repetitions},
};
use crate::{
    Error, ErrorKind,
    env::Timestamp,
    store::{Appended, NewMessage, NodeId, Stored},
};

/// So often a batch is sent whose idempotency keys are forgotten while it is on its way.
const TRIES: usize = 3;

/// Stores a batch of messages, in order.
///
/// In the usual case that is one statement. Messages that are there already, and those whose key was used
/// before, are looked up in others.
pub(in super::super) async fn append(
    connection: &mut PgConnection,
    cx: &Context,
    node: NodeId,
    messages: &[NewMessage],
    now: Timestamp,
) -> Result<Vec<Appended>, Failure> {
    let mut answers: Vec<Option<Appended>> = vec![None; messages.len()];
    let mut firsts = repetitions(messages);
    let rounds = TRIES + firsts.iter().flatten().count();
    for _ in 0..rounds {
        let sent: Vec<usize> = (0..messages.len())
            .filter(|at| answers[*at].is_none() && firsts[*at].is_none())
            .collect();
        store(connection, cx, node, messages, &sent, now, &mut answers).await?;
        let are_new: Vec<bool> = answers.iter().map(Option::is_some).collect();
        look_up(connection, cx, messages, &sent, now, &mut answers).await?;
        for at in 0..messages.len() {
            let Some(first) = firsts[at].filter(|first| answers[*first].is_some()) else {
                continue;
            };
            if answers[at].is_none() {
                answers[at] = repeated(messages, first, at, &answers, are_new[first]);
            }
            // What its key stands for is not what the earlier one says: it is asked for itself.
            if answers[at].is_none() {
                firsts[at] = None;
            }
        }
        if answers.iter().all(Option::is_some) {
            return Ok(answers.into_iter().flatten().collect());
        }
    }
    Err(Failure::Refused(Error::new(
        ErrorKind::Store,
        "idempotency keys were forgotten while they were looked up: try again",
    )))
}

/// Stores those at these places that are not there; answers for those that it stored.
async fn store(
    connection: &mut PgConnection,
    cx: &Context,
    node: NodeId,
    messages: &[NewMessage],
    sent: &[usize],
    now: Timestamp,
    answers: &mut [Option<Appended>],
) -> Result<(), Failure> {
    let mut batch = Batch::default();
    let mut ranges = Vec::with_capacity(sent.len());
    for at in sent {
        ranges.push(batch.push(&messages[*at]));
    }
    let mut written = Written::default();
    if !batch.is_empty() {
        written = batch.write(connection, cx, node, now).await?;
        if written.for_others {
            cx.signals.tell();
        }
    }
    for (at, range) in sent.iter().zip(ranges) {
        let new = &messages[*at];
        let stored = if range.is_empty() {
            new.idempotency.is_none() || written.remembered.contains(&new.message.id.as_uuid())
        } else {
            written.rows.contains_key(&range.start)
        };
        if stored {
            let rows = range.filter_map(|place| written.rows.get(&place).copied());
            answers[*at] = Some(Appended::Stored(Stored {
                rows: rows.collect(),
            }));
        }
    }
    Ok(())
}

/// Answers for those at these places that were there before, or whose key was used before.
async fn look_up(
    connection: &mut PgConnection,
    cx: &Context,
    messages: &[NewMessage],
    sent: &[usize],
    now: Timestamp,
    answers: &mut [Option<Appended>],
) -> Result<(), Failure> {
    let open = |at: &usize| answers[*at].is_none();
    let left: Vec<usize> = sent.iter().copied().filter(open).collect();
    if left.is_empty() {
        return Ok(());
    }
    let ids = left.iter().map(|at| messages[*at].message.id).collect();
    let before = sent_before(connection, cx, ids).await?;
    let keyed: Vec<&NewMessage> = left.iter().map(|at| &messages[*at]).collect();
    let known = idempotency::find(connection, cx, &keyed, now).await?;
    for (at, known) in left.into_iter().zip(known) {
        let new = &messages[at];
        answers[at] = match (&new.idempotency, known) {
            (_, _) if before.has(new.message.id) => Some(before.answer(new)),
            (None, _) => Some(before.answer(new)),
            // It had no deliveries, or they are forgotten.
            (Some(_), Some(known)) if known.receipt.message_id == new.message.id => {
                Some(before.answer(new))
            }
            (Some((_, fingerprint)), Some(known)) if known.fingerprint == *fingerprint => {
                Some(Appended::Duplicate(known.receipt))
            }
            (Some(_), Some(_)) => Some(Appended::IdempotencyMismatch),
            (Some(_), None) => None,
        };
    }
    Ok(())
}

//! Appending messages.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    ops::Range,
};

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        tx::{Context, ask, get},
    },
    again_sent::sent_before,
    claims::Claims,
    idempotency::{self, scope},
    messages::{MessageColumns, bind_messages},
};
use crate::{
    Error, ErrorKind,
    env::Timestamp,
    store::{
        Appended, AppendedRow, Fate, IDEMPOTENCY_LIFETIME, NewMessage, NodeId, Receipt, Stored,
        stats::hour_of,
    },
};

/// So often a batch is sent whose idempotency keys are forgotten while it is on its way.
const TRIES: usize = 3;

/// What `append.sql` says of a delivery.
const STRAIGHT: i32 = 0;
const UNPROVEN: i32 = 2;
const STALE: i32 = 3;

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

/// For each message the place of an earlier one that has its ID or its key.
fn repetitions(messages: &[NewMessage]) -> Vec<Option<usize>> {
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
fn repeated(
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

/// The columns of a batch, one behind the other.
#[derive(Default)]
struct Batch<'a> {
    message_id: Vec<Uuid>,
    emitter: Vec<&'a str>,
    generation: Vec<i64>,
    epoch: Vec<Option<i64>>,
    due: Vec<i64>,
    key_hash: Vec<Option<i64>>,
    claims: Vec<(&'a crate::emitter::EmitterId, u64)>,
    messages: MessageColumns<'a>,
    keyed: Vec<bool>,
    keys: Vec<&'a NewMessage>,
}

/// What a batch wrote.
#[derive(Default)]
struct Written {
    /// By the place of the delivery.
    rows: HashMap<usize, AppendedRow>,
    /// Messages whose keys are remembered now.
    remembered: HashSet<Uuid>,
    /// Something has been marked.
    for_others: bool,
}

impl<'a> Batch<'a> {
    fn is_empty(&self) -> bool {
        self.message_id.is_empty() && self.keys.is_empty()
    }

    /// Returns the places of its deliveries.
    fn push(&mut self, new: &'a NewMessage) -> Range<usize> {
        let start = self.message_id.len();
        let key_hash = new.message.ordering_key.as_ref();
        let key_hash = key_hash.map(|key| key.stable_hash());
        for delivery in &new.deliveries {
            self.message_id.push(new.message.id.as_uuid());
            self.emitter.push(delivery.emitter.as_str());
            self.generation.push(delivery.generation.cast_signed());
            self.epoch.push(delivery.epoch.map(u64::cast_signed));
            self.due.push(delivery.due.as_micros());
            self.key_hash.push(key_hash);
            let claim = delivery.epoch.map(|epoch| (&delivery.emitter, epoch));
            self.claims.extend(claim);
        }
        if !new.deliveries.is_empty() {
            self.messages.push(&new.message);
            self.keyed.push(new.idempotency.is_some());
        }
        if new.idempotency.is_some() {
            self.keys.push(new);
        }
        start..self.message_id.len()
    }

    async fn write(
        self,
        connection: &mut PgConnection,
        cx: &Context,
        node: NodeId,
        now: Timestamp,
    ) -> Result<Written, Failure> {
        let claims: Claims<'_> = self.claims.into_iter().collect();
        let to = self.emitter.clone();
        let emitters: BTreeSet<&str> = self.emitter.iter().copied().collect();
        let emitters: Vec<&str> = emitters.into_iter().collect();
        let query = ask(&cx.sql.append)
            .bind(self.message_id)
            .bind(self.emitter)
            .bind(self.generation)
            .bind(self.epoch)
            .bind(self.due)
            .bind(self.key_hash)
            .bind(claims.emitters())
            .bind(claims.epochs())
            .bind(node.as_uuid())
            .bind(emitters)
            .bind(now.as_micros());
        let query = idempotency::bind_keys(query, &self.keys)
            .bind(now.saturating_sub(IDEMPOTENCY_LIFETIME).as_micros());
        let answer = bind_messages!(query, self.messages)
            .bind(self.keyed)
            .bind(hour_of(now))
            .fetch_one(connection)
            .await?;
        let places: Vec<i64> = get::<Option<_>>(&answer, 0)?.unwrap_or_default();
        let seqs: Vec<i64> = get::<Option<_>>(&answer, 1)?.unwrap_or_default();
        let fates: Vec<i32> = get::<Option<_>>(&answer, 2)?.unwrap_or_default();
        let remembered: Vec<Uuid> = get::<Option<_>>(&answer, 3)?.unwrap_or_default();
        let mut written = Written {
            remembered: remembered.into_iter().collect(),
            ..Written::default()
        };
        // What was not proven has left a mark, which those behind it in the batch do not see.
        let mut marked = HashSet::new();
        for ((place, seq), fate) in places.into_iter().zip(seqs).zip(fates) {
            let place = place as usize - 1;
            if fate == UNPROVEN {
                marked.insert(to[place]);
            }
            let fate = match fate {
                STALE => Fate::Stale,
                STRAIGHT if !marked.contains(to[place]) => Fate::Straight,
                _ => Fate::Withheld,
            };
            let seq = seq.cast_unsigned();
            written.rows.insert(place, AppendedRow { seq, fate });
        }
        written.for_others = !marked.is_empty();
        Ok(written)
    }
}

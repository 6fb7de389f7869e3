//! Rows of a database as values.

use std::{fmt::Display, net::SocketAddr, time::Duration};

use bytes::Bytes;
use uuid::Uuid;

use super::{
    DeliveryRecord, Reason,
    end::{reason_of, state_of},
};
use crate::{
    Error, ErrorKind,
    delivery::{
        Attempt, AttemptFailure, AttemptOutcome, CapturedHeaders, DeliveryKey, DeliveryState,
        Message,
    },
    emitter::EmitterId,
    env::Timestamp,
    event::{DeliveryId, EventName, MessageId},
};

/// The columns of a row, by their places; an error where one is not what it should be.
pub(super) trait Columns {
    type Failure: From<Damaged>;

    fn text(&self, at: usize) -> Result<&str, Self::Failure>;
    fn optional_text(&self, at: usize) -> Result<Option<&str>, Self::Failure>;
    fn bytes(&self, at: usize) -> Result<&[u8], Self::Failure>;
    fn optional_bytes(&self, at: usize) -> Result<Option<&[u8]>, Self::Failure>;
    fn id(&self, at: usize) -> Result<Uuid, Self::Failure>;
    /// 64 bits.
    fn long(&self, at: usize) -> Result<i64, Self::Failure>;
    fn optional_long(&self, at: usize) -> Result<Option<i64>, Self::Failure>;
    /// A count of 31 bits.
    fn small(&self, at: usize) -> Result<u32, Self::Failure>;
    fn optional_small(&self, at: usize) -> Result<Option<u32>, Self::Failure>;
    /// What stands for one of a few things.
    fn code(&self, at: usize) -> Result<i16, Self::Failure>;
    fn flag(&self, at: usize) -> Result<bool, Self::Failure>;
}

/// What no row has that this library wrote.
#[derive(Debug)]
pub(super) struct Damaged(String);

impl Damaged {
    pub(super) fn new(what: &str, why: &dyn Display) -> Self {
        Self(format!("the database has a damaged row: {what}: {why}"))
    }
}

impl From<Damaged> for Error {
    fn from(damaged: Damaged) -> Self {
        Self::new(ErrorKind::Store, damaged.0)
    }
}

/// What a row must have.
pub(super) fn parsed<T, E: Display>(what: &str, parsed: Result<T, E>) -> Result<T, Damaged> {
    parsed.map_err(|error| Damaged::new(what, &error))
}

/// What a row may have.
pub(super) fn optional<T, E: Display>(
    what: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Damaged> {
    text.map(|text| parsed(what, parse(text))).transpose()
}

pub(super) fn emitter_id<R: Columns>(row: &R, at: usize) -> Result<EmitterId, R::Failure> {
    Ok(parsed("an emitter's ID", EmitterId::new(row.text(at)?))?)
}

pub(super) fn message_id<R: Columns>(row: &R, at: usize) -> Result<MessageId, R::Failure> {
    Ok(MessageId::from_uuid(row.id(at)?))
}

pub(super) fn time<R: Columns>(row: &R, at: usize) -> Result<Timestamp, R::Failure> {
    Ok(Timestamp::from_micros(row.long(at)?))
}

pub(super) fn optional_time<R: Columns>(
    row: &R,
    at: usize,
) -> Result<Option<Timestamp>, R::Failure> {
    Ok(row.optional_long(at)?.map(Timestamp::from_micros))
}

/// A number that grows, or a count.
pub(super) fn number<R: Columns>(row: &R, at: usize) -> Result<u64, R::Failure> {
    Ok(row.long(at)?.cast_unsigned())
}

pub(super) fn state<R: Columns>(row: &R, at: usize) -> Result<DeliveryState, R::Failure> {
    let code = row.code(at)?;
    Ok(state_of(code).ok_or_else(|| Damaged::new("a state", &code))?)
}

pub(super) fn reason<R: Columns>(
    row: &R,
    at: usize,
    state: DeliveryState,
) -> Result<Option<Reason>, R::Failure> {
    let reason = reason_of(state, row.optional_text(at)?);
    Ok(parsed("a reason", reason)?)
}

/// A message, from the column `at` on: `id, event, delivery_id, tenant, ordering_key, trace_parent,
/// created_at, size, body`.
pub(super) fn message<R: Columns>(row: &R, at: usize) -> Result<Message, R::Failure> {
    let text = |column: usize| row.text(at + column);
    let optional_text = |column: usize| row.optional_text(at + column);
    Ok(Message {
        id: message_id(row, at)?,
        event: parsed("an event's name", EventName::new(text(1)?))?,
        delivery_id: parsed("a delivery ID", DeliveryId::new(text(2)?))?,
        tenant: optional("a tenant", optional_text(3)?, str::parse)?,
        ordering_key: optional("an ordering key", optional_text(4)?, str::parse)?,
        trace_parent: optional("a trace", optional_text(5)?, str::parse)?,
        created_at: time(row, at + 6)?,
        size: row.small(at + 7)? as usize,
        body: row.optional_bytes(at + 8)?.map(Bytes::copy_from_slice),
    })
}

/// A delivery, from the columns that all lists have: `seq, message_id, emitter, event, delivery_id,
/// tenant, ordering_key, state, reason, attempt_count, created_at, due, settled_at, status, error_kind,
/// error`.
pub(super) fn record<R: Columns>(row: &R) -> Result<DeliveryRecord, R::Failure> {
    let state = state(row, 7)?;
    let due = time(row, 11)?;
    Ok(DeliveryRecord {
        seq: number(row, 0)?,
        key: DeliveryKey {
            message_id: message_id(row, 1)?,
            emitter: emitter_id(row, 2)?,
        },
        event: parsed("an event's name", EventName::new(row.text(3)?))?,
        delivery_id: parsed("a delivery ID", DeliveryId::new(row.text(4)?))?,
        tenant: optional("a tenant", row.optional_text(5)?, str::parse)?,
        ordering_key: optional("an ordering key", row.optional_text(6)?, str::parse)?,
        state,
        reason: reason(row, 8, state)?,
        attempt_count: row.small(9)?,
        created_at: time(row, 10)?,
        next_attempt_at: (state == DeliveryState::Pending).then_some(due),
        settled_at: optional_time(row, 12)?,
        last_status: status(row, 13)?,
        last_error: failure(row, 14)?,
    })
}

/// An attempt, from the columns of `attempts.sql`.
pub(super) fn attempt<R: Columns>(row: &R) -> Result<Attempt, R::Failure> {
    let outcome = match (status(row, 3)?, failure(row, 4)?) {
        (Some(status), _) => AttemptOutcome::Status(status),
        (None, Some(failure)) => AttemptOutcome::Failed(failure),
        (None, None) => Err(Damaged::new("an attempt", &"it has no outcome"))?,
    };
    Ok(Attempt {
        number: row.small(0)?,
        started_at: time(row, 1)?,
        duration: Duration::from_micros(number(row, 2)?),
        outcome,
        url: row.text(6)?.into(),
        remote_addr: optional(
            "an address",
            row.optional_text(7)?,
            str::parse::<SocketAddr>,
        )?,
        response_truncated: row.flag(8)?,
        response_headers: CapturedHeaders::from_text(row.text(9)?),
        response_body: Bytes::copy_from_slice(row.bytes(10)?),
    })
}

fn status<R: Columns>(row: &R, at: usize) -> Result<Option<u16>, R::Failure> {
    let status = row.optional_small(at)?.map(u16::try_from).transpose();
    Ok(parsed("a status", status)?)
}

/// Its kind, and behind that its message.
fn failure<R: Columns>(row: &R, at: usize) -> Result<Option<AttemptFailure>, R::Failure> {
    let kind = optional("a kind of failure", row.optional_text(at)?, str::parse)?;
    let message = row.optional_text(at + 1)?;
    Ok(kind.map(|kind| AttemptFailure {
        kind,
        message: message.unwrap_or_default().into(),
    }))
}

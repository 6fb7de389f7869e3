//! Rows as values.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::{failure::Failure, tx::get};
use crate::{
    delivery::{
        Attempt, AttemptFailure, AttemptOutcome, CapturedHeaders, DeliveryKey, DeliveryState,
        Message,
    },
    emitter::EmitterId,
    env::Timestamp,
    event::{DeliveryId, EventName, MessageId},
    store::{
        DeliveryRecord, Reason,
        end::{reason_of, state_of},
    },
};

/// What a row must have that this library wrote.
pub(super) fn parsed<T, E: std::fmt::Display>(
    what: &str,
    parsed: Result<T, E>,
) -> Result<T, Failure> {
    parsed.map_err(|error| Failure::damaged(what, &error))
}

/// What a row may have.
pub(super) fn optional<T, E: std::fmt::Display>(
    what: &str,
    text: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Option<T>, Failure> {
    text.map(|text| parsed(what, parse(text))).transpose()
}

pub(super) fn emitter_id(row: &PgRow, at: usize) -> Result<EmitterId, Failure> {
    parsed("an emitter's ID", EmitterId::new(get::<&str>(row, at)?))
}

pub(super) fn message_id(row: &PgRow, at: usize) -> Result<MessageId, Failure> {
    Ok(MessageId::from_uuid(get::<Uuid>(row, at)?))
}

pub(super) fn time(row: &PgRow, at: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_micros(get(row, at)?))
}

pub(super) fn optional_time(row: &PgRow, at: usize) -> Result<Option<Timestamp>, Failure> {
    Ok(get::<Option<i64>>(row, at)?.map(Timestamp::from_micros))
}

/// A number that grows, or a count.
pub(super) fn number(row: &PgRow, at: usize) -> Result<u64, Failure> {
    Ok(get::<i64>(row, at)?.cast_unsigned())
}

/// A count that fits in 31 bits.
pub(super) fn small(row: &PgRow, at: usize) -> Result<u32, Failure> {
    Ok(get::<i32>(row, at)?.cast_unsigned())
}

/// A message, from the column `at` on: `id, event, delivery_id, tenant, ordering_key, trace_parent,
/// created_at, size, body`.
pub(super) fn message(row: &PgRow, at: usize) -> Result<Message, Failure> {
    let text = |column: usize| get::<&str>(row, at + column);
    let optional_text = |column: usize| get::<Option<&str>>(row, at + column);
    Ok(Message {
        id: message_id(row, at)?,
        event: parsed("an event's name", EventName::new(text(1)?))?,
        delivery_id: parsed("a delivery ID", DeliveryId::new(text(2)?))?,
        tenant: optional("a tenant", optional_text(3)?, str::parse)?,
        ordering_key: optional("an ordering key", optional_text(4)?, str::parse)?,
        trace_parent: optional("a trace", optional_text(5)?, str::parse)?,
        created_at: time(row, at + 6)?,
        size: small(row, at + 7)? as usize,
        body: get::<Option<&[u8]>>(row, at + 8)?.map(Bytes::copy_from_slice),
    })
}

/// A delivery, from the columns that all lists have: `seq, message_id, emitter, event, delivery_id,
/// tenant, ordering_key, state, reason, attempt_count, created_at, due, settled_at, status, error_kind,
/// error`.
pub(super) fn record(row: &PgRow) -> Result<DeliveryRecord, Failure> {
    let text = |at: usize| get::<&str>(row, at);
    let optional_text = |at: usize| get::<Option<&str>>(row, at);
    let state = state(row, 7)?;
    let due = time(row, 11)?;
    Ok(DeliveryRecord {
        seq: number(row, 0)?,
        key: DeliveryKey {
            message_id: message_id(row, 1)?,
            emitter: emitter_id(row, 2)?,
        },
        event: parsed("an event's name", EventName::new(text(3)?))?,
        delivery_id: parsed("a delivery ID", DeliveryId::new(text(4)?))?,
        tenant: optional("a tenant", optional_text(5)?, str::parse)?,
        ordering_key: optional("an ordering key", optional_text(6)?, str::parse)?,
        state,
        reason: reason(row, 8, state)?,
        attempt_count: small(row, 9)?,
        created_at: time(row, 10)?,
        next_attempt_at: (state == DeliveryState::Pending).then_some(due),
        settled_at: optional_time(row, 12)?,
        last_status: status(row, 13)?,
        last_error: failure(optional_text(14)?, optional_text(15)?)?,
    })
}

/// An attempt, from the columns of `attempts.sql`.
pub(super) fn attempt(row: &PgRow) -> Result<Attempt, Failure> {
    let optional_text = |at: usize| get::<Option<&str>>(row, at);
    let failure = failure(optional_text(4)?, optional_text(5)?)?;
    let outcome = match (status(row, 3)?, failure) {
        (Some(status), _) => AttemptOutcome::Status(status),
        (None, Some(failure)) => AttemptOutcome::Failed(failure),
        (None, None) => return Err(Failure::damaged("an attempt", &"it has no outcome")),
    };
    Ok(Attempt {
        number: small(row, 0)?,
        started_at: time(row, 1)?,
        duration: Duration::from_micros(number(row, 2)?),
        outcome,
        url: get::<&str>(row, 6)?.into(),
        remote_addr: optional("an address", optional_text(7)?, str::parse::<SocketAddr>)?,
        response_truncated: get(row, 8)?,
        response_headers: CapturedHeaders::from_text(get::<&str>(row, 9)?),
        response_body: Bytes::copy_from_slice(get::<&[u8]>(row, 10)?),
    })
}

pub(super) fn state(row: &PgRow, at: usize) -> Result<DeliveryState, Failure> {
    let code: i16 = get(row, at)?;
    state_of(code).ok_or_else(|| Failure::damaged("a state", &code))
}

pub(super) fn reason(
    row: &PgRow,
    at: usize,
    state: DeliveryState,
) -> Result<Option<Reason>, Failure> {
    parsed("a reason", reason_of(state, get(row, at)?))
}

fn status(row: &PgRow, at: usize) -> Result<Option<u16>, Failure> {
    let status: Option<i32> = get(row, at)?;
    let status = status.map(u16::try_from).transpose();
    parsed("a status", status)
}

fn failure(kind: Option<&str>, message: Option<&str>) -> Result<Option<AttemptFailure>, Failure> {
    let kind = optional("a kind of failure", kind, str::parse)?;
    Ok(kind.map(|kind| AttemptFailure {
        kind,
        message: message.unwrap_or_default().into(),
    }))
}

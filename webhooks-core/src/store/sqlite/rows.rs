//! Rows as values.

use std::{net::SocketAddr, time::Duration};

use bytes::Bytes;
use rusqlite::Row;
use uuid::Uuid;

use super::failure::Failure;
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

pub(super) fn emitter_id(row: &Row<'_>, at: usize) -> Result<EmitterId, Failure> {
    parsed(
        "an emitter's ID",
        EmitterId::new(row.get_ref(at)?.as_str().map_err(|error| column(&error))?),
    )
}

pub(super) fn message_id(row: &Row<'_>, at: usize) -> Result<MessageId, Failure> {
    Ok(MessageId::from_uuid(Uuid::from_bytes(row.get(at)?)))
}

pub(super) fn time(row: &Row<'_>, at: usize) -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_micros(row.get(at)?))
}

pub(super) fn optional_time(row: &Row<'_>, at: usize) -> Result<Option<Timestamp>, Failure> {
    Ok(row.get::<_, Option<i64>>(at)?.map(Timestamp::from_micros))
}

fn text<'a>(row: &'a Row<'_>, at: usize) -> Result<&'a str, Failure> {
    row.get_ref(at)?.as_str().map_err(|error| column(&error))
}

fn optional_text<'a>(row: &'a Row<'_>, at: usize) -> Result<Option<&'a str>, Failure> {
    row.get_ref(at)?
        .as_str_or_null()
        .map_err(|error| column(&error))
}

fn column(error: &rusqlite::types::FromSqlError) -> Failure {
    Failure::damaged("a column", error)
}

/// A message, from the columns of `message_by_place.sql`.
pub(super) fn message(row: &Row<'_>) -> Result<Message, Failure> {
    Ok(Message {
        id: message_id(row, 0)?,
        event: parsed("an event's name", EventName::new(text(row, 1)?))?,
        delivery_id: parsed("a delivery ID", DeliveryId::new(text(row, 2)?))?,
        tenant: optional("a tenant", optional_text(row, 3)?, str::parse)?,
        ordering_key: optional("an ordering key", optional_text(row, 4)?, str::parse)?,
        trace_parent: optional("a trace", optional_text(row, 5)?, str::parse)?,
        created_at: time(row, 6)?,
        size: row.get::<_, i64>(7)? as usize,
        body: row
            .get_ref(8)?
            .as_blob_or_null()
            .map_err(|error| column(&error))?
            .map(Bytes::copy_from_slice),
    })
}

/// A delivery, from the columns that all lists have.
pub(super) fn record(row: &Row<'_>) -> Result<DeliveryRecord, Failure> {
    let state = state(row.get(7)?)?;
    let due = time(row, 11)?;
    Ok(DeliveryRecord {
        seq: row.get::<_, i64>(0)? as u64,
        key: DeliveryKey {
            message_id: message_id(row, 1)?,
            emitter: emitter_id(row, 2)?,
        },
        event: parsed("an event's name", EventName::new(text(row, 3)?))?,
        delivery_id: parsed("a delivery ID", DeliveryId::new(text(row, 4)?))?,
        tenant: optional("a tenant", optional_text(row, 5)?, str::parse)?,
        ordering_key: optional("an ordering key", optional_text(row, 6)?, str::parse)?,
        state,
        reason: reason(state, optional_text(row, 8)?)?,
        attempt_count: row.get(9)?,
        created_at: time(row, 10)?,
        next_attempt_at: (state == DeliveryState::Pending).then_some(due),
        settled_at: optional_time(row, 12)?,
        last_status: row.get(13)?,
        last_error: failure(optional_text(row, 14)?, optional_text(row, 15)?)?,
    })
}

/// An attempt, from the columns of `attempts.sql`.
pub(super) fn attempt(row: &Row<'_>) -> Result<Attempt, Failure> {
    let status: Option<u16> = row.get(3)?;
    let outcome = match (
        status,
        failure(optional_text(row, 4)?, optional_text(row, 5)?)?,
    ) {
        (Some(status), _) => AttemptOutcome::Status(status),
        (None, Some(failure)) => AttemptOutcome::Failed(failure),
        (None, None) => return Err(Failure::damaged("an attempt", &"it has no outcome")),
    };
    let addr = optional_text(row, 7)?;
    Ok(Attempt {
        number: row.get(0)?,
        started_at: time(row, 1)?,
        duration: Duration::from_micros(row.get::<_, i64>(2)? as u64),
        outcome,
        url: text(row, 6)?.into(),
        remote_addr: optional("an address", addr, str::parse::<SocketAddr>)?,
        response_truncated: row.get(8)?,
        response_headers: CapturedHeaders::from_text(text(row, 9)?),
        response_body: Bytes::copy_from_slice(
            row.get_ref(10)?.as_blob().map_err(|error| column(&error))?,
        ),
    })
}

fn failure(kind: Option<&str>, message: Option<&str>) -> Result<Option<AttemptFailure>, Failure> {
    let kind = optional("a kind of failure", kind, str::parse)?;
    Ok(kind.map(|kind| AttemptFailure {
        kind,
        message: message.unwrap_or_default().into(),
    }))
}

pub(super) fn state(code: i16) -> Result<DeliveryState, Failure> {
    state_of(code).ok_or_else(|| Failure::damaged("a state", &code))
}

pub(super) fn reason(state: DeliveryState, word: Option<&str>) -> Result<Option<Reason>, Failure> {
    parsed("a reason", reason_of(state, word))
}

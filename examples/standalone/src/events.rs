//! `/emit` and `/stage`.

use std::time::Duration;

use axum::{
    Json,
    body::Bytes,
    extract::{
        Path, Query,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::Deserialize;
use webhooks_axum::{Outbox, Problem};
use webhooks_core::{Event, OrderingKey, Payload, Receipt, Tenant};

/// What a query may say; only `/stage` heeds the last three.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Options {
    tenant: Option<String>,
    ordering_key: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    panic: bool,
}

type Name = Result<Path<String>, PathRejection>;
type Asked = Result<Query<Options>, QueryRejection>;
type Body = Result<Bytes, BytesRejection>;

pub(crate) async fn emit(
    outbox: Outbox,
    name: Name,
    options: Asked,
    body: Body,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let event = event(name, &query(options)?, body)?;
    Ok((StatusCode::ACCEPTED, Json(outbox.emit_with(event).await?)))
}

/// Stages the event, waits, and panics or answers as asked.
pub(crate) async fn stage(
    outbox: Outbox,
    name: Name,
    options: Asked,
    body: Body,
) -> Result<StatusCode, Problem> {
    let options = query(options)?;
    let status = StatusCode::from_u16(options.status.unwrap_or(200))
        .ok()
        // hyper sends no other as a final answer.
        .filter(|status| status.as_u16() >= 200)
        .ok_or_else(|| invalid("`status` is out of range: expected 200–999"))?;
    outbox.stage_with(event(name, &options, body)?)?;
    tokio::time::sleep(Duration::from_millis(options.delay_ms)).await;
    assert!(!options.panic, "the request asked for a panic");
    Ok(status)
}

fn event(name: Name, options: &Options, body: Body) -> Result<Event, Problem> {
    let Path(name) = name.map_err(|rejection| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, "invalid_value", rejection.body_text())
    })?;
    let body = body.map_err(|rejection| match rejection.status() {
        status @ StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            status,
            "payload_too_large",
            "the body is larger than the payload limit and 64 KiB",
        ),
        status => Problem::new(status, "unreadable_body", rejection.body_text()),
    })?;
    let tenant = options.tenant.as_deref().map(Tenant::new).transpose()?;
    let key = options
        .ordering_key
        .as_deref()
        .map(OrderingKey::new)
        .transpose()?;
    Ok(Event::new(name, Payload::from_json(body)?)?
        .tenant(tenant)
        .ordering_key(key))
}

fn query(options: Asked) -> Result<Options, Problem> {
    options
        .map(|Query(options)| options)
        .map_err(|rejection| invalid(rejection.body_text()))
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query", detail)
}

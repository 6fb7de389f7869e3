//! The routes.

use std::time::Duration;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{
        DefaultBodyLimit, Path, Query, Request, State,
        rejection::{BytesRejection, PathRejection, QueryRejection},
    },
    http::{HeaderName, Method, StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde::Deserialize;
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
};
use webhooks_axum::{AdminAuth, Outbox, Problem, WebhooksLayer, admin};
use webhooks_core::{Event, OrderingKey, Payload, Receipt, Tenant, Webhooks};

/// What a body may have beyond the payload limit.
const SLACK: usize = 64 << 10;

pub(crate) fn app(webhooks: Webhooks, auth: AdminAuth) -> Router {
    let id = HeaderName::from_static("x-request-id");
    let limit = webhooks.payload_limit() + SLACK;
    let events = Router::new()
        .route("/emit/{event}", post(emit))
        .route("/stage/{event}", post(stage))
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(limit))
        .layer(WebhooksLayer::new(webhooks.clone()))
        .layer(CatchPanicLayer::custom(|_| panicked()))
        .layer(PropagateRequestIdLayer::new(id.clone()))
        .layer(SetRequestIdLayer::new(id, MakeRequestUuid))
        .layer(middleware::from_fn_with_state(auth.clone(), authenticate));
    Router::new()
        .route("/health", get(health))
        .method_not_allowed_fallback(wrong_method)
        .merge(events)
        .nest_service("/webhooks", admin(webhooks.clone(), auth))
        .fallback(unknown)
        .with_state(webhooks)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Options {
    tenant: Option<String>,
    ordering_key: Option<String>,
    status: Option<u16>,
    #[serde(default)]
    delay_ms: u64,
    #[serde(default)]
    panic: bool,
}

async fn emit(
    outbox: Outbox,
    name: Result<Path<String>, PathRejection>,
    options: Result<Query<Options>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Receipt>), Problem> {
    let event = event(name, &query(options)?, body)?;
    Ok((StatusCode::ACCEPTED, Json(outbox.emit_with(event).await?)))
}

/// Stages the event, waits, and panics or answers as asked.
async fn stage(
    outbox: Outbox,
    name: Result<Path<String>, PathRejection>,
    options: Result<Query<Options>, QueryRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let options = query(options)?;
    let status = StatusCode::from_u16(options.status.unwrap_or(200))
        .ok()
        .filter(|status| {
            // hyper sends no other as a final answer.
            status.as_u16() >= 200
        });
    let status = status.ok_or_else(|| invalid("`status` is out of range: expected 200–999"))?;
    outbox.stage_with(event(name, &options, body)?)?;
    tokio::time::sleep(Duration::from_millis(options.delay_ms)).await;
    assert!(!options.panic, "the request asked for a panic");
    Ok(status)
}

fn event(
    name: Result<Path<String>, PathRejection>,
    options: &Options,
    body: Result<Bytes, BytesRejection>,
) -> Result<Event, Problem> {
    let Path(name) = name.map_err(|rejection| {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Problem::new(status, "invalid_value", rejection.body_text())
    })?;
    let body = body.map_err(|rejection| {
        let r#type = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "payload_too_large",
            _ => "unreadable_body",
        };
        Problem::new(rejection.status(), r#type, rejection.body_text())
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

fn query(options: Result<Query<Options>, QueryRejection>) -> Result<Options, Problem> {
    options
        .map(|Query(options)| options)
        .map_err(|rejection| invalid(rejection.body_text()))
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_query", detail)
}

fn panicked() -> axum::http::Response<axum::body::Body> {
    Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "internal",
        "the handler failed",
    )
    .into_response()
}

async fn authenticate(State(auth): State<AdminAuth>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if auth.identify(&parts).is_none() {
        return auth.refusal().into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

async fn health(State(webhooks): State<Webhooks>) -> Result<Json<serde_json::Value>, Problem> {
    webhooks.health().await?;
    Ok(Json(serde_json::json!({ "status": "ok" })))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{}` does not take {method}: see `allow`", uri.path()),
    )
}

async fn unknown(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is nothing at `{}`", uri.path()),
    )
}

#[cfg(test)]
mod tests;

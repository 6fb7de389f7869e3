//! The routes.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderName, Method, StatusCode, Uri},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use tower_http::{
    catch_panic::CatchPanicLayer,
    request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer},
};
use webhooks_axum::{AdminAuth, Problem, WebhooksLayer, admin};
use webhooks_core::Webhooks;

use crate::events::{emit, stage};

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

fn panicked() -> Response {
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

async fn unknown(uri: Uri) -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        format!("there is nothing at `{}`", uri.path()),
    )
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{}` does not take {method}: see `allow`", uri.path()),
    )
}

#[cfg(test)]
mod tests;

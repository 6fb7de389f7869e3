//! Errors as RFC 9457 has them.

use std::error::Error as StdError;

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use serde::Serialize;
use webhooks_core::{Error, ErrorKind, observe};

/// An error as `application/problem+json` (RFC 9457): a stable `type`, and a `detail` for people.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    r#type: &'static str,
    title: &'static str,
    #[serde(serialize_with = "as_number")]
    status: StatusCode,
    detail: String,
    /// How to authenticate, where that is missing (RFC 9110, section 11.6.1).
    #[serde(skip)]
    challenge: Option<&'static str>,
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks for a reference"
)]
fn as_number<S: serde::Serializer>(status: &StatusCode, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u16(status.as_u16())
}

impl Problem {
    /// A problem of this status and type; `detail` says what was wrong and what would be right.
    pub fn new(status: StatusCode, r#type: &'static str, detail: impl Into<String>) -> Self {
        let title = status.canonical_reason().unwrap_or("Error");
        Self {
            r#type,
            title,
            status,
            detail: detail.into(),
            challenge: None,
        }
    }

    /// The credentials are missing or wrong.
    pub(super) fn unauthorized(challenge: &'static str) -> Self {
        let detail = "this needs authentication: send the credentials in `authorization`";
        Self {
            challenge: Some(challenge),
            ..Self::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
        }
    }

    pub(super) fn not_found(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", what)
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", detail)
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Error> for Problem {
    /// What is the caller's is told; what is ours goes to the log, and a constant text out.
    fn from(error: Error) -> Self {
        let (status, r#type) = classify(error.kind());
        if status.is_server_error() && error.kind() != ErrorKind::QueueFull {
            let error: &dyn StdError = &error;
            tracing::error!(target: observe::ADMIN, error, "a request failed");
            return Self::new(
                status,
                r#type,
                "the service cannot do this now: try again later",
            );
        }
        Self::new(status, r#type, error.to_string())
    }
}

fn classify(kind: ErrorKind) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match kind {
        ErrorKind::InvalidValue => (S::UNPROCESSABLE_ENTITY, "invalid_value"),
        ErrorKind::InvalidUrl => (S::UNPROCESSABLE_ENTITY, "invalid_url"),
        ErrorKind::ForbiddenAddress => (S::UNPROCESSABLE_ENTITY, "forbidden_address"),
        ErrorKind::InvalidConfig => (S::UNPROCESSABLE_ENTITY, "invalid_config"),
        ErrorKind::InvalidPayload => (S::UNPROCESSABLE_ENTITY, "invalid_payload"),
        ErrorKind::PayloadTooDeep => (S::UNPROCESSABLE_ENTITY, "payload_too_deep"),
        ErrorKind::PayloadTooLarge => (S::PAYLOAD_TOO_LARGE, "payload_too_large"),
        ErrorKind::AlreadyExists => (S::CONFLICT, "already_exists"),
        ErrorKind::AlreadyPresent => (S::CONFLICT, "already_present"),
        ErrorKind::AlreadyRunning => (S::CONFLICT, "already_running"),
        ErrorKind::NotFound => (S::NOT_FOUND, "not_found"),
        ErrorKind::TenantMismatch => (S::CONFLICT, "tenant_mismatch"),
        ErrorKind::QueueFull => (S::SERVICE_UNAVAILABLE, "queue_full"),
        ErrorKind::ShuttingDown => (S::SERVICE_UNAVAILABLE, "shutting_down"),
        ErrorKind::IdempotencyMismatch => (S::CONFLICT, "idempotency_mismatch"),
        ErrorKind::PayloadErased => (S::CONFLICT, "payload_erased"),
        ErrorKind::NotPending => (S::CONFLICT, "not_pending"),
        ErrorKind::Store | ErrorKind::Busy => (S::SERVICE_UNAVAILABLE, "store_unavailable"),
        _ => (S::INTERNAL_SERVER_ERROR, "internal"),
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if let Some(challenge) = self.challenge {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

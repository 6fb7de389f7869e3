//! What could not be done for a customer.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use webhooks_core::store::sqlite::rusqlite;

/// What could not be done for a customer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It cannot be had.
    Refused(&'static str),
    /// The shop is at fault.
    Failed(Box<dyn std::error::Error + Send + Sync>),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::ConstraintViolation) => {
                Self::Refused("order at least one piece, and no more than there are")
            }
            _ => Self::Failed(error.into()),
        }
    }
}

impl From<webhooks_core::Error> for Failure {
    fn from(error: webhooks_core::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(why) => (StatusCode::UNPROCESSABLE_ENTITY, why).into_response(),
            Self::Failed(error) => {
                eprintln!("shop: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, "try again later").into_response()
            }
        }
    }
}

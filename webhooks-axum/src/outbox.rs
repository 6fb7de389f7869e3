//! The outbox as an extractor.

use std::{convert::Infallible, fmt, ops::Deref};

use axum::{
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::{StatusCode, request::Parts};

/// What a handler emits through: [`webhooks_tower::Outbox`] as an extractor.
#[derive(Debug, Clone)]
pub struct Outbox(webhooks_tower::Outbox);

impl Deref for Outbox {
    type Target = webhooks_tower::Outbox;

    fn deref(&self) -> &webhooks_tower::Outbox {
        &self.0
    }
}

impl<S: Sync> FromRequestParts<S> for Outbox {
    type Rejection = OutboxRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, OutboxRejection> {
        parts
            .extensions
            .get()
            .cloned()
            .map(Self)
            .ok_or(OutboxRejection(()))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Outbox {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned().map(Self))
    }
}

/// There is no outbox, since the layer is missing.
#[derive(Debug)]
pub struct OutboxRejection(());

impl OutboxRejection {
    /// The status: it is the application's mistake, not the client's.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        StatusCode::INTERNAL_SERVER_ERROR
    }

    /// What is missing.
    #[must_use]
    pub fn body_text(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for OutboxRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the extractor `Outbox` needs `WebhooksLayer`: add it to the router with `.layer(WebhooksLayer::new(webhooks))`")
    }
}

impl std::error::Error for OutboxRejection {}

impl IntoResponse for OutboxRejection {
    fn into_response(self) -> Response {
        (self.status(), self.body_text()).into_response()
    }
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Body, routing::get};
    use http::Request;
    use tower::ServiceExt;
    use webhooks_core::Webhooks;
    use webhooks_tower::WebhooksLayer;

    use super::*;

    async fn id(outbox: Outbox) -> String {
        outbox.delivery_id().to_string()
    }

    async fn has_one(outbox: Option<Outbox>) -> String {
        outbox.is_some().to_string()
    }

    fn app() -> Router {
        Router::new()
            .route("/id", get(id))
            .route("/has", get(has_one))
    }

    async fn ask(app: Router, path: &str) -> (StatusCode, String) {
        let request = Request::get(path)
            .header("x-request-id", "r-1")
            .body(Body::empty())
            .unwrap();
        let response = app.oneshot(request).await.unwrap();
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 10_000)
            .await
            .unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn with_the_layer_a_handler_has_an_outbox() {
        let webhooks = Webhooks::builder().build().await.unwrap();
        let app = app().layer(WebhooksLayer::new(webhooks));
        assert_eq!(
            ask(app.clone(), "/id").await,
            (StatusCode::OK, "r-1".into())
        );
        assert_eq!(ask(app, "/has").await, (StatusCode::OK, "true".into()));
    }

    #[tokio::test]
    async fn without_it_the_rejection_names_the_layer() {
        let (status, body) = ask(app(), "/id").await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains("WebhooksLayer::new"), "{body}");
        assert_eq!(ask(app(), "/has").await, (StatusCode::OK, "false".into()));
    }
}

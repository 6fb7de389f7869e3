//! The shop.

use axum::{
    Form, Router,
    http::StatusCode,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use webhooks_axum::{AdminAuth, Outbox, WebhooksLayer, admin};
use webhooks_core::Webhooks;

/// What a customer orders.
#[derive(Debug, Deserialize, Serialize)]
struct Order {
    item: String,
    quantity: u32,
}

/// The shop: a form, the orders that come from it, and the admin API of its webhooks.
pub(crate) fn app(webhooks: Webhooks, auth: AdminAuth) -> Router {
    Router::new()
        .route("/", get(form))
        .route("/orders", post(create_order))
        .nest("/webhooks", admin(webhooks.clone(), auth))
        .layer(WebhooksLayer::new(webhooks))
}

async fn form() -> Html<&'static str> {
    Html(include_str!("form.html"))
}

/// Takes an order. Its event is staged: it goes out only if the order was taken.
async fn create_order(outbox: Outbox, Form(order): Form<Order>) -> Result<Response, Failure> {
    outbox.stage("order.created", &order)?;
    if order.quantity == 0 {
        let refusal = "order at least one";
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, refusal).into_response());
    }
    let thanks = format!(
        "{} × {} ordered, {}\n",
        order.quantity,
        order.item,
        outbox.delivery_id()
    );
    Ok((StatusCode::CREATED, thanks).into_response())
}

/// An order that could not be taken.
struct Failure(webhooks_core::Error);

impl From<webhooks_core::Error> for Failure {
    fn from(error: webhooks_core::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        (StatusCode::SERVICE_UNAVAILABLE, self.0.to_string()).into_response()
    }
}

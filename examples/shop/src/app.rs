//! The shop: its routes.

use axum::{
    Form, Router,
    extract::State,
    http::StatusCode,
    response::Html,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};
use webhooks_axum::{AdminAuth, Outbox, WebhooksLayer, admin};
use webhooks_core::Webhooks;

use crate::{
    failure::Failure,
    orders::{NewOrder, Order, Orders},
};

/// How many orders the page lists.
const LISTED: u32 = 20;

/// What a customer asks.
#[derive(Debug, Deserialize, Serialize)]
struct Question {
    text: String,
}

/// The shop: a page, what its forms send, and the admin API of its webhooks.
pub(crate) fn app(webhooks: Webhooks, orders: Orders, auth: AdminAuth) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/orders", post(create_order))
        .route("/questions", post(ask))
        .nest("/webhooks", admin(webhooks.clone(), auth))
        .layer(WebhooksLayer::new(webhooks))
        .with_state(orders)
}

async fn page(State(orders): State<Orders>) -> Result<Html<String>, Failure> {
    let row = |order: &Order| {
        let Order {
            number,
            item,
            quantity,
        } = order;
        let item = item.replace('&', "&amp;").replace('<', "&lt;");
        format!("<tr><td>{number}</td><td>{item}</td><td>{quantity}</td></tr>\n")
    };
    let rows: String = orders.last(LISTED).await?.iter().map(row).collect();
    Ok(Html(include_str!("page.html").replace("{orders}", &rows)))
}

/// Takes an order. Its event is emitted in the transaction that stores it: it goes out if and only if
/// the order is there.
async fn create_order(
    State(orders): State<Orders>,
    outbox: Outbox,
    Form(order): Form<NewOrder>,
) -> Result<(StatusCode, String), Failure> {
    let id = outbox.delivery_id().clone();
    let Order {
        number,
        item,
        quantity,
    } = orders.place(outbox, order).await?;
    let thanks = format!("order {number}: {quantity} × {item} ordered, {id}\n");
    Ok((StatusCode::CREATED, thanks))
}

/// Takes a question. The shop itself stores nothing, so there is no transaction; its event is staged,
/// and goes out only if the answer is a success.
async fn ask(
    outbox: Outbox,
    Form(question): Form<Question>,
) -> Result<(StatusCode, &'static str), Failure> {
    outbox.stage("question.asked", &question)?;
    if question.text.trim().is_empty() {
        return Err(Failure::Refused("ask something"));
    }
    Ok((StatusCode::ACCEPTED, "you will hear from us\n"))
}

//! The routes.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use webhooks_axum::{Outbox, WebhooksLayer};
use webhooks_core::Webhooks;

use crate::{
    orders::{NewOrder, NotTaken, Order, Orders},
    warehouse::{self, Warehouse},
};

/// Orders, and the warehouse that hears of them.
pub(crate) fn app(webhooks: Webhooks, orders: Orders, warehouse: Warehouse) -> Router {
    let shop = Router::new()
        .route("/orders", get(list).post(create))
        .layer(WebhooksLayer::new(webhooks))
        .with_state(orders);
    let warehouse = Router::new()
        .route("/warehouse", post(warehouse::receive).get(warehouse::list))
        .with_state(warehouse);
    shop.merge(warehouse)
}

async fn create(
    State(orders): State<Orders>,
    outbox: Outbox,
    Json(order): Json<NewOrder>,
) -> Result<(StatusCode, Json<Order>), NotTaken> {
    let order = orders.place(&outbox, order).await?;
    Ok((StatusCode::CREATED, Json(order)))
}

async fn list(State(orders): State<Orders>) -> Result<Json<Vec<Order>>, NotTaken> {
    Ok(Json(orders.all().await?))
}

impl IntoResponse for NotTaken {
    fn into_response(self) -> Response {
        match self {
            Self::Refused => {
                let why = "order at least one piece";
                (StatusCode::UNPROCESSABLE_ENTITY, why).into_response()
            }
            Self::Failed(error) => {
                eprintln!("outbox-postgres: {error}");
                (StatusCode::SERVICE_UNAVAILABLE, "try again later").into_response()
            }
        }
    }
}

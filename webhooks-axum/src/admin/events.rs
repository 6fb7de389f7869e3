//! `/events`.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use webhooks_core::{
    DeliveryId, Event, OrderingKey, Payload, Receipt, Tenant, Webhooks, event::IdempotencyKey,
};

use super::{Problem, body::Json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventInput {
    event: String,
    payload: Box<RawValue>,
    delivery_id: Option<String>,
    tenant: Option<String>,
    ordering_key: Option<String>,
    idempotency_key: Option<String>,
}

pub(super) async fn emit(
    State(webhooks): State<Webhooks>,
    Json(input): Json<EventInput>,
) -> Result<(StatusCode, axum::Json<Receipt>), Problem> {
    let payload = Payload::from_json(String::from(Box::<str>::from(input.payload)))?;
    let event = Event::new(input.event, payload)?
        .delivery_id(input.delivery_id.map(DeliveryId::new).transpose()?)
        .tenant(input.tenant.map(Tenant::new).transpose()?)
        .ordering_key(input.ordering_key.map(OrderingKey::new).transpose()?)
        .idempotency_key(input.idempotency_key.map(IdempotencyKey::new).transpose()?);
    let receipt = webhooks.emit_with(event).await?;
    Ok((StatusCode::ACCEPTED, axum::Json(receipt)))
}

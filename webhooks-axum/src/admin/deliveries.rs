//! `/deliveries` and `/messages`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use webhooks_core::{
    DeliveryId, EmitterId, Error, ErrorKind, EventName, MessageId, Tenant, Webhooks,
    delivery::DeliveryKey,
    env::Timestamp,
    store::{Cursor, DeliveryFilter},
};

use super::{
    Problem,
    body::{OptionalJson, Params, limit},
    cursor,
    delivery_json::{DeliveryJson, MessageJson},
    path::Ids,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    emitter: Option<String>,
    state: Option<String>,
    event: Option<String>,
    delivery_id: Option<String>,
    tenant: Option<String>,
    since: Option<String>,
    until: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Redeliver {
    #[serde(default)]
    fresh_id: bool,
}

impl Filter {
    fn into_filter(self) -> Result<DeliveryFilter, Problem> {
        let after: Option<(MessageId, EmitterId)> =
            self.cursor.as_deref().map(cursor::decode).transpose()?;
        Ok(DeliveryFilter {
            emitter: self.emitter.map(EmitterId::new).transpose()?,
            state: self.state.map(|state| state.parse()).transpose()?,
            event: self.event.map(EventName::new).transpose()?,
            delivery_id: self.delivery_id.map(DeliveryId::new).transpose()?,
            tenant: self.tenant.map(Tenant::new).transpose()?,
            since: self.since.as_deref().map(Timestamp::parse).transpose()?,
            until: self.until.as_deref().map(Timestamp::parse).transpose()?,
            limit: limit(self.limit)?,
            cursor: after.map(|(message_id, emitter)| Cursor {
                message_id,
                emitter,
            }),
        })
    }
}

pub(super) async fn list(
    State(webhooks): State<Webhooks>,
    Params(filter): Params<Filter>,
) -> Result<Response, Problem> {
    let page = webhooks.deliveries(filter.into_filter()?).await?;
    let items: Vec<DeliveryJson> = page.items.iter().map(DeliveryJson::from).collect();
    let next = page
        .next
        .map(|next| cursor::encode(&next.message_id, &next.emitter));
    let page = serde_json::json!({ "items": items, "next_cursor": next });
    Ok(axum::Json(page).into_response())
}

pub(super) async fn message(
    State(webhooks): State<Webhooks>,
    Ids([id]): Ids<1>,
) -> Result<axum::Json<MessageJson>, Problem> {
    let detail = match id.parse() {
        Ok(id) => webhooks.message(id).await?,
        Err(_) => None,
    };
    let detail = detail.ok_or_else(|| Problem::not_found("there is no such message"))?;
    Ok(axum::Json(MessageJson::from(&detail)))
}

pub(super) async fn read(
    State(webhooks): State<Webhooks>,
    Ids([id, emitter]): Ids<2>,
) -> Result<axum::Json<DeliveryJson>, Problem> {
    let detail = webhooks
        .delivery(key(&id, &emitter)?)
        .await?
        .ok_or_else(unknown)?;
    let emitter = webhooks.emitter(&emitter);
    Ok(axum::Json(DeliveryJson::of_detail(
        &detail,
        emitter.as_deref(),
    )))
}

pub(super) async fn redeliver(
    State(webhooks): State<Webhooks>,
    Ids([id, emitter]): Ids<2>,
    OptionalJson(how): OptionalJson<Redeliver>,
) -> Result<(StatusCode, axum::Json<DeliveryJson>), Problem> {
    let queued = webhooks.redeliver(key(&id, &emitter)?, how.fresh_id).await;
    let record = queued.map_err(|error: Error| match error.kind() {
        // The one emitter's queue is full, not the service.
        ErrorKind::QueueFull => Problem::new(StatusCode::CONFLICT, "queue_full", error.to_string()),
        _ => error.into(),
    })?;
    Ok((
        StatusCode::ACCEPTED,
        axum::Json(DeliveryJson::from(&record)),
    ))
}

pub(super) async fn discard(
    State(webhooks): State<Webhooks>,
    Ids([id, emitter]): Ids<2>,
) -> Result<axum::Json<DeliveryJson>, Problem> {
    let record = webhooks.discard(key(&id, &emitter)?).await?;
    Ok(axum::Json(DeliveryJson::from(&record)))
}

fn key(message: &str, emitter: &str) -> Result<DeliveryKey, Problem> {
    let message_id = message.parse().map_err(|_| unknown())?;
    let emitter = EmitterId::new(emitter).map_err(|_| unknown())?;
    Ok(DeliveryKey {
        message_id,
        emitter,
    })
}

fn unknown() -> Problem {
    Problem::not_found("there is no such delivery")
}

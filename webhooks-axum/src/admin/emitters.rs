//! `/emitters`.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde::Deserialize;
use webhooks_core::{
    Backlog, Emitter, EmitterId, EventName, Tenant, Upserted, Webhooks, emitter::EmitterInput,
};

use super::{
    Problem,
    body::{Json, OptionalJson, Params, limit},
    cursor,
    emitter_json::EmitterJson,
    path::Ids,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    tenant: Option<String>,
    state: Option<StateWord>,
    event: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StateWord {
    Active,
    Paused,
    Disabled,
}

impl StateWord {
    fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Disabled => "disabled",
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pause {
    #[serde(default)]
    backlog: BacklogWord,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum BacklogWord {
    #[default]
    Keep,
    Discard,
}

pub(super) async fn list(
    State(webhooks): State<Webhooks>,
    Params(filter): Params<Filter>,
) -> Result<Response, Problem> {
    let limit = limit(filter.limit)?;
    let event = filter.event.as_deref().map(EventName::new).transpose()?;
    let tenant = filter.tenant.as_deref().map(Tenant::new).transpose()?;
    let after: Option<(i64, String)> = filter.cursor.as_deref().map(cursor::decode).transpose()?;
    let mut found = webhooks.all_emitters();
    found.retain(|emitter| {
        let place = (emitter.created_at().as_micros(), emitter.id().to_string());
        filter
            .state
            .is_none_or(|state| state.as_str() == emitter.state().as_str())
            && (tenant.is_none() || tenant.as_ref() == emitter.tenant())
            && event
                .as_ref()
                .is_none_or(|name| emitter.listens_to(name, emitter.tenant()))
            && after.as_ref().is_none_or(|after| place < *after)
    });
    found.sort_unstable_by(|a, b| (b.created_at(), b.id()).cmp(&(a.created_at(), a.id())));
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more);
    let next = next.map(|last| cursor::encode(&last.created_at().as_micros(), last.id()));
    let ids = found.iter().map(|emitter| emitter.id().clone()).collect();
    let standings = webhooks.standing(ids).await?;
    let items: Vec<EmitterJson<'_>> = found
        .iter()
        .zip(&standings)
        .map(|(emitter, standing)| EmitterJson::new(emitter, standing))
        .collect();
    let page = serde_json::json!({ "items": items, "next_cursor": next });
    Ok(axum::Json(page).into_response())
}

pub(super) async fn create(
    State(webhooks): State<Webhooks>,
    Json(mut input): Json<EmitterInput>,
) -> Result<Response, Problem> {
    let Some(id) = input.id.take() else {
        return Err(Problem::invalid(
            "`id` is missing: expected 1–128 of [A-Za-z0-9_.:-]",
        ));
    };
    let (patterns, config) = input.into_config(None)?;
    let emitter = webhooks.attach(id, patterns, config).await?;
    answer(&webhooks, StatusCode::CREATED, &emitter, true).await
}

pub(super) async fn read(
    State(webhooks): State<Webhooks>,
    Ids([id]): Ids<1>,
) -> Result<Response, Problem> {
    let emitter = webhooks.emitter(&id).ok_or_else(|| unknown(&id))?;
    answer(&webhooks, StatusCode::OK, &emitter, false).await
}

pub(super) async fn replace(
    State(webhooks): State<Webhooks>,
    Ids([id]): Ids<1>,
    Json(mut input): Json<EmitterInput>,
) -> Result<Response, Problem> {
    if input.id.take().is_some_and(|given| given != id) {
        return Err(Problem::invalid(
            "`id` differs from the path's: leave it out, or agree",
        ));
    }
    let old = webhooks.emitter(&id);
    let (patterns, config) = input.into_config(old.as_deref())?;
    match webhooks.upsert(id, patterns, config).await? {
        Upserted::Created(emitter) => answer(&webhooks, StatusCode::CREATED, &emitter, true).await,
        other => answer(&webhooks, StatusCode::OK, other.emitter(), false).await,
    }
}

pub(super) async fn remove(
    State(webhooks): State<Webhooks>,
    ids: Result<Ids<1>, Problem>,
) -> Result<StatusCode, Problem> {
    // What is no ID at all is not attached either.
    if let Ok(Ids([id])) = ids
        && let Ok(id) = EmitterId::new(id)
    {
        webhooks.detach(id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn pause(
    State(webhooks): State<Webhooks>,
    Ids([id]): Ids<1>,
    OptionalJson(pause): OptionalJson<Pause>,
) -> Result<Response, Problem> {
    let backlog = match pause.backlog {
        BacklogWord::Keep => Backlog::Keep,
        BacklogWord::Discard => Backlog::Discard,
    };
    let known = EmitterId::new(&id).map_err(|_| unknown(&id))?;
    let emitter = webhooks
        .pause(known, backlog)
        .await?
        .ok_or_else(|| unknown(&id))?;
    answer(&webhooks, StatusCode::OK, &emitter, false).await
}

pub(super) async fn restart(
    State(webhooks): State<Webhooks>,
    Ids([id]): Ids<1>,
) -> Result<Response, Problem> {
    let known = EmitterId::new(&id).map_err(|_| unknown(&id))?;
    let emitter = webhooks.restart(known).await?;
    answer(&webhooks, StatusCode::OK, &emitter, false).await
}

async fn answer(
    webhooks: &Webhooks,
    status: StatusCode,
    emitter: &Arc<Emitter>,
    with_secret: bool,
) -> Result<Response, Problem> {
    let standing = webhooks.standing(vec![emitter.id().clone()]).await?;
    let standing = standing.first().copied().unwrap_or_default();
    let mut json = EmitterJson::new(emitter, &standing);
    if with_secret {
        json = json.with_secret(emitter);
    }
    Ok((status, axum::Json(json)).into_response())
}

fn unknown(id: &str) -> Problem {
    let shown: String = id.chars().take(40).flat_map(char::escape_debug).collect();
    Problem::not_found(format!("no emitter has the ID `{shown}`"))
}

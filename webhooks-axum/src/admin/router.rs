//! The router.

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    middleware,
    routing::{get, post},
};
use http::{Method, StatusCode, Uri};
use webhooks_core::Webhooks;

use super::{AdminAuth, Problem, auth, deliveries, emitters, events, stats};

/// What a body may have beyond the payload.
const ENVELOPE: usize = 64 << 10;

/// The admin API, to be nested under any prefix of any router.
///
/// axum's `nest` leaves the prefix with a slash behind it, `/webhooks/`, to the outer router, and
/// nothing in here can change that. `nest_service` does not:
///
/// ```
/// use axum::Router;
/// use webhooks_axum::{AdminAuth, admin};
/// # fn app(webhooks: webhooks_core::Webhooks) -> Router {
/// Router::new().nest_service("/webhooks", admin(webhooks, AdminAuth::bearer("a long token")))
/// # }
/// ```
pub fn admin<S>(webhooks: Webhooks, auth: AdminAuth) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let limit = webhooks.payload_limit().saturating_add(ENVELOPE);
    Router::new()
        .route("/api/emitters", get(emitters::list).post(emitters::create))
        .route(
            "/api/emitters/{id}",
            get(emitters::read)
                .put(emitters::replace)
                .delete(emitters::remove),
        )
        .route("/api/emitters/{id}/pause", post(emitters::pause))
        .route("/api/emitters/{id}/restart", post(emitters::restart))
        .route("/api/events", post(events::emit))
        .route("/api/deliveries", get(deliveries::list))
        .route("/api/messages/{id}", get(deliveries::message))
        .route(
            "/api/messages/{id}/deliveries/{emitter}",
            get(deliveries::read),
        )
        .route(
            "/api/messages/{id}/deliveries/{emitter}/redeliver",
            post(deliveries::redeliver),
        )
        .route(
            "/api/messages/{id}/deliveries/{emitter}/discard",
            post(deliveries::discard),
        )
        .route("/api/stats", get(stats::read))
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(limit))
        .layer(middleware::from_fn_with_state(auth, auth::authenticate))
        // Behind the layer, and so outside of it: no path is compared that may not be the routed one.
        .route("/api/health", get(health).fallback(wrong_method))
        .with_state(webhooks)
}

async fn health(State(webhooks): State<Webhooks>) -> Result<Json<serde_json::Value>, Problem> {
    webhooks.health().await?;
    Ok(Json(serde_json::json!({ "status": "ok" })))
}

async fn unknown(uri: Uri) -> Problem {
    Problem::not_found(format!("there is nothing at `{}`", uri.path()))
}

async fn wrong_method(method: Method, uri: Uri) -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        format!("`{}` does not take {method}: see `allow`", uri.path()),
    )
}

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use webhooks_core::{
    Webhooks,
    transport::{AttemptError, AttemptRequest, AttemptResponse},
};

use super::{AdminAuth, admin};

mod auth;
mod emitters;
mod input;
mod log;
mod mount;
mod problem;
mod stats;

/// Webhooks whose receivers answer 500 to everything.
async fn webhooks() -> Webhooks {
    let transport = tower::service_fn(|_: AttemptRequest| async {
        Ok::<_, AttemptError>(AttemptResponse::new(StatusCode::INTERNAL_SERVER_ERROR))
    });
    let builder = Webhooks::builder().transport(transport);
    builder.build().await.unwrap()
}

/// The admin API under a prefix, in an application with a state of its own.
async fn app() -> Router {
    app_of(webhooks().await)
}

fn app_of(webhooks: Webhooks) -> Router {
    let router: Router<&'static str> =
        Router::new().nest("/a/b", admin(webhooks, AdminAuth::bearer("token")));
    router.with_state("the application's")
}

async fn send(app: &Router, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("/a/b/api{path}"))
        .header("authorization", "Bearer token");
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    answer(app, request.body(body).unwrap()).await
}

async fn answer(app: &Router, request: Request<Body>) -> (u16, Value) {
    let response = app.clone().oneshot(request).await.unwrap();
    let (status, kind) = (
        response.status(),
        response.headers().get("content-type").cloned(),
    );
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    if status.as_u16() >= 400 {
        assert_eq!(kind.unwrap(), "application/problem+json");
        let problem: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(problem["status"], status.as_u16());
        return (status.as_u16(), problem);
    }
    (
        status.as_u16(),
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

async fn get(app: &Router, path: &str) -> (u16, Value) {
    send(app, Method::GET, path, None).await
}

async fn post(app: &Router, path: &str, body: Value) -> (u16, Value) {
    send(app, Method::POST, path, Some(body)).await
}

fn crm() -> Value {
    json!({ "id": "crm", "url": "https://crm.example/hooks", "events": ["order.*"] })
}

fn with(extra: &Value) -> Value {
    let mut body = crm();
    for (key, value) in extra.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

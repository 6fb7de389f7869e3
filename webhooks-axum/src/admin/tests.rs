use axum::{Router, body::Body};
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;
use webhooks_core::{
    Webhooks,
    transport::{AttemptError, AttemptRequest, AttemptResponse},
};

use super::{AdminAuth, admin};

/// The admin API under a prefix, in an application with a state of its own; its receiver answers
/// 500 to everything.
async fn app() -> Router {
    let transport = tower::service_fn(|_: AttemptRequest| async {
        Ok::<_, AttemptError>(AttemptResponse::new(StatusCode::INTERNAL_SERVER_ERROR))
    });
    let webhooks = Webhooks::builder()
        .transport(transport)
        .build()
        .await
        .unwrap();
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

#[tokio::test]
async fn everything_but_health_needs_authentication_before_it_is_routed() {
    let app = app().await;
    for path in [
        "/a/b/api/emitters",
        "/a/b/api/nothing",
        "/a/b",
        "/a/b/api/events",
    ] {
        for method in [Method::GET, Method::PATCH] {
            for token in [
                None,
                Some("Bearer wrong"),
                Some("Basic dG9rZW4="),
                Some("token"),
            ] {
                let mut request = Request::builder().method(method.clone()).uri(path);
                if let Some(token) = token {
                    request = request.header("authorization", token);
                }
                let request = request.body(Body::empty()).unwrap();
                assert_eq!(
                    answer(&app, request).await.0,
                    401,
                    "{method} {path} {token:?}"
                );
            }
        }
    }
    let health = Request::get("/a/b/api/health").header("authorization", "Bearer wrong");
    assert_eq!(
        answer(&app, health.body(Body::empty()).unwrap()).await.0,
        200
    );
}

#[tokio::test]
async fn basic_and_custom_authentication_work_and_do_not_show_secrets() {
    let webhooks = Webhooks::builder().build().await.unwrap();
    let auth = AdminAuth::basic("ann", "hush");
    assert!(!format!("{auth:?} {:?}", AdminAuth::bearer("hush")).contains("hush"));
    let custom = AdminAuth::custom(|request| {
        request
            .headers
            .get("x-user")
            .map(|_| super::Identity("user".into()))
    });
    for (auth, header) in [
        (auth, ("authorization", "Basic YW5uOmh1c2g=")),
        (custom, ("x-user", "1")),
    ] {
        let app: Router = admin(webhooks.clone(), auth);
        let with = Request::get("/api/emitters").header(header.0, header.1);
        assert_eq!(answer(&app, with.body(Body::empty()).unwrap()).await.0, 200);
        let without = Request::get("/api/emitters").body(Body::empty()).unwrap();
        assert_eq!(answer(&app, without).await.0, 401);
    }
}

#[tokio::test]
async fn an_emitter_is_created_read_replaced_and_deleted() {
    let app = app().await;
    let body = with(&json!({ "headers": { "x-team": "hush" }, "metadata": { "k": "v" } }));
    let (status, created) = post(&app, "/emitters", body).await;
    assert_eq!(status, 201);
    assert!(created["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(created["headers"]["x-team"], "•••");
    assert_eq!(created["retry"]["max_attempts"], 15);
    assert_eq!(created["signing"], json!(["standard", "emitter"]));
    let (_, read) = get(&app, "/emitters/crm").await;
    assert!(read.get("secret").is_none());
    assert_eq!(read["keys"], created["keys"]);
    assert!(!read.to_string().contains("hush"));

    let kept =
        json!({ "url": "https://b.example/", "events": ["*"], "headers": { "x-team": "•••" } });
    let (status, replaced) = send(&app, Method::PUT, "/emitters/crm", Some(kept)).await;
    assert_eq!(
        (status, &replaced["url"]),
        (200, &json!("https://b.example/"))
    );
    assert_eq!(
        replaced["keys"], created["keys"],
        "an absent secret keeps the keys"
    );
    assert_eq!(replaced["metadata"], json!({}));
    let lost =
        json!({ "url": "https://b.example/", "events": ["*"], "headers": { "x-new": "•••" } });
    assert_eq!(
        send(&app, Method::PUT, "/emitters/crm", Some(lost)).await.0,
        422
    );
    let moved = json!({ "url": "https://b.example/", "events": ["*"], "tenant": "other" });
    let (status, problem) = send(&app, Method::PUT, "/emitters/crm", Some(moved)).await;
    assert_eq!((status, &problem["type"]), (409, &json!("tenant_mismatch")));
    let new = json!({ "url": "https://b.example/", "events": ["*"] });
    assert_eq!(
        send(&app, Method::PUT, "/emitters/new", Some(new)).await.0,
        201
    );

    for _ in 0..2 {
        assert_eq!(
            send(&app, Method::DELETE, "/emitters/crm", None).await.0,
            204
        );
    }
    assert_eq!(get(&app, "/emitters/crm").await.0, 404);
}

#[tokio::test]
async fn pause_and_restart_say_what_is_in_the_way() {
    let app = app().await;
    assert_eq!(post(&app, "/emitters", crm()).await.0, 201);
    let (status, problem) = post(&app, "/emitters", crm()).await;
    assert_eq!((status, &problem["type"]), (409, &json!("already_exists")));
    let (status, problem) = send(&app, Method::POST, "/emitters/crm/restart", None).await;
    assert_eq!((status, &problem["type"]), (409, &json!("already_running")));
    let (status, paused) = send(&app, Method::POST, "/emitters/crm/pause", None).await;
    assert_eq!((status, &paused["paused_backlog"]), (200, &json!("keep")));
    let (_, paused) = post(&app, "/emitters/crm/pause", json!({ "backlog": "discard" })).await;
    assert_eq!(
        (&paused["state"], &paused["paused_backlog"]),
        (&json!("paused"), &json!("discard"))
    );
    let (status, problem) = post(&app, "/emitters", crm()).await;
    assert_eq!((status, &problem["type"]), (409, &json!("already_present")));
    let (status, restarted) = send(&app, Method::POST, "/emitters/crm/restart", None).await;
    assert_eq!((status, &restarted["state"]), (200, &json!("active")));
    for verb in ["pause", "restart"] {
        assert_eq!(
            send(&app, Method::POST, &format!("/emitters/no/{verb}"), None)
                .await
                .0,
            404
        );
    }
}

#[tokio::test]
async fn lists_page_newest_first_and_filter() {
    let app = app().await;
    for n in 0..5 {
        let body =
            with(&json!({ "id": format!("e{n}"), "tenant": if n < 2 { Some("t") } else { None } }));
        assert_eq!(post(&app, "/emitters", body).await.0, 201);
    }
    let mut seen = Vec::new();
    let mut path = "/emitters?limit=2".to_owned();
    loop {
        let (_, page) = get(&app, &path).await;
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item["id"].clone()),
        );
        match page["next_cursor"].as_str() {
            Some(cursor) => path = format!("/emitters?limit=2&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(json!(seen), json!(["e4", "e3", "e2", "e1", "e0"]));
    let count = async |query: &str| {
        get(&app, &format!("/emitters?{query}")).await.1["items"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("tenant=t").await, 2);
    assert_eq!(count("event=order.created").await, 5);
    assert_eq!(count("event=invoice.paid").await, 0);
    assert_eq!(count("state=paused").await, 0);
    for wrong in ["state=x", "limit=0", "limit=251", "cursor=x", "color=red"] {
        assert_eq!(
            get(&app, &format!("/emitters?{wrong}")).await.0,
            422,
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn events_are_queued_and_their_deliveries_can_be_discarded_and_redelivered() {
    let app = app().await;
    assert_eq!(post(&app, "/emitters", crm()).await.0, 201);
    assert_eq!(
        send(&app, Method::POST, "/emitters/crm/pause", None)
            .await
            .0,
        200
    );
    let event = json!({ "event": "order.created", "payload": { "b": 1 }, "delivery_id": "d-1" });
    let (status, receipt) = post(&app, "/events", event).await;
    assert_eq!((status, &receipt["deliveries"]), (202, &json!(1)));
    let id = receipt["message_id"].as_str().unwrap();

    let (_, page) = get(
        &app,
        "/deliveries?delivery_id=d-1&state=pending&emitter=crm",
    )
    .await;
    assert_eq!(page["items"][0]["message_id"], id);
    let (_, message) = get(&app, &format!("/messages/{id}")).await;
    assert_eq!(
        (&message["payload"], &message["size"]),
        (&json!({ "b": 1 }), &json!(7))
    );
    let path = format!("/messages/{id}/deliveries/crm");
    assert_eq!(get(&app, &path).await.1["attempts"], json!([]));
    let (status, discarded) = send(&app, Method::POST, &format!("{path}/discard"), None).await;
    assert_eq!((status, &discarded["reason"]), (200, &json!("skipped")));
    let (status, problem) = send(&app, Method::POST, &format!("{path}/discard"), None).await;
    assert_eq!((status, &problem["type"]), (409, &json!("not_pending")));
    let (status, again) = send(&app, Method::POST, &format!("{path}/redeliver"), None).await;
    assert_eq!((status, &again["state"]), (202, &json!("pending")));
    let (_, fresh) = post(
        &app,
        &format!("{path}/redeliver"),
        json!({ "fresh_id": true }),
    )
    .await;
    assert_eq!(
        fresh["message_id"], id,
        "a pending one is due now, and no other is made"
    );
    for unknown in ["/messages/msg_0", "/messages/x/deliveries/crm"] {
        assert_eq!(get(&app, unknown).await.0, 404);
    }
}

#[tokio::test]
async fn bad_input_is_a_problem_that_says_what_would_be_right() {
    let app = app().await;
    for (extra, word) in [
        (json!({ "lanes": 0 }), "lanes"),
        (json!({ "lanes": 1025 }), "lanes"),
        (json!({ "timeout_ms": 0 }), "timeout_ms"),
        (json!({ "url": "http://crm.example" }), "https"),
        (json!({ "url": "https://user:x@crm.example" }), "user info"),
        (json!({ "url": "https://127.0.0.1/" }), "allow_network"),
        (json!({ "events": [] }), "pattern"),
        (json!({ "events": ["a b"] }), "pattern"),
        (json!({ "headers": { "host": "x" } }), "host"),
        (json!({ "headers": { "webhook-id": "x" } }), "webhook-id"),
        (json!({ "headers": { "x-a": "a\nb" } }), "x-a"),
        (json!({ "secret": "plain" }), "whsec_"),
        (json!({ "signing": [] }), "signing"),
        (json!({ "signing": ["github"] }), "standard"),
        (json!({ "retry": { "max_attempts": 0 } }), "max_attempts"),
        (
            json!({ "retry": { "policy": "schedule", "delays_ms": [] } }),
            "delays_ms",
        ),
        (
            json!({ "retry": { "policy": "schedule", "delays_ms": [0], "factor": 2 } }),
            "mixes",
        ),
        (json!({ "retry": { "jitter": "some" } }), "jitter"),
        (
            json!({ "rate_limit_per_second": 5 }),
            "rate_limit_per_second",
        ),
        (json!({ "pending": 3 }), "pending"),
        (json!({ "id": "a/b" }), "emitter ID"),
    ] {
        let (status, problem) = post(&app, "/emitters", with(&extra)).await;
        assert_eq!(status, 422, "{extra}: {problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(word),
            "{extra}: {problem}"
        );
    }
    assert_eq!(
        get(&app, "/emitters").await.1["items"],
        json!([]),
        "nothing was attached"
    );
    for (extra, status) in [
        (json!({ "payload": [1] }), 422),
        (json!({ "event": "a b" }), 422),
        (json!({ "delivery_id": "" }), 422),
        (
            json!({ "payload": { "x": "y".repeat((1 << 20) + 1) } }),
            413,
        ),
        (
            json!({ "payload": { "x": "y".repeat((1 << 20) + (80 << 10)) } }),
            413,
        ),
    ] {
        let mut event = json!({ "event": "a", "payload": {} });
        for (key, value) in extra.as_object().unwrap() {
            event[key] = value.clone();
        }
        assert_eq!(post(&app, "/events", event).await.0, status);
    }
    let request = |kind: &str, body: &'static str| {
        Request::post("/a/b/api/events")
            .header("authorization", "Bearer token")
            .header("content-type", kind)
            .body(Body::from(body))
            .unwrap()
    };
    assert_eq!(
        answer(&app, request("application/json", "{bad")).await.0,
        400
    );
    assert_eq!(answer(&app, request("text/plain", "{}")).await.0, 415);
    assert_eq!(get(&app, "/nothing").await.0, 404);
    let (status, problem) = send(&app, Method::PATCH, "/events", None).await;
    assert_eq!(
        (status, &problem["type"]),
        (405, &json!("method_not_allowed"))
    );
}

#[tokio::test]
async fn a_payload_keeps_its_bytes() {
    let app = app().await;
    assert_eq!(post(&app, "/emitters", crm()).await.0, 201);
    assert_eq!(
        send(&app, Method::POST, "/emitters/crm/pause", None)
            .await
            .0,
        200
    );
    let body = r#"{"event":"order.created","payload":{ "z":1e400, "a" : 340282366920938463463374607431768211455}}"#;
    let request = Request::post("/a/b/api/events")
        .header("authorization", "Bearer token")
        .header("content-type", "application/json");
    let (_, receipt) = answer(&app, request.body(Body::from(body)).unwrap()).await;
    let path = format!(
        "/a/b/api/messages/{}",
        receipt["message_id"].as_str().unwrap()
    );
    let request = Request::get(path).header("authorization", "Bearer token");
    let response = app
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
        .await
        .unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(
        text.contains(r#"{ "z":1e400, "a" : 340282366920938463463374607431768211455}"#),
        "{text}"
    );
}

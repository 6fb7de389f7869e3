//! What is wrong with a request is said.

use super::*;

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

#[tokio::test]
async fn a_wrong_method_is_told_which_ones_there_are() {
    let app = app().await;
    for (path, allowed) in [
        ("emitters", "GET,HEAD,POST"),
        ("emitters/crm", "GET,HEAD,PUT,DELETE"),
        ("events", "POST"),
        ("health", "GET,HEAD"),
    ] {
        let request = Request::patch(format!("/a/b/api/{path}"))
            .header("authorization", "Bearer token")
            .body(Body::empty())
            .unwrap();
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 405, "{path}");
        assert_eq!(response.headers()["allow"], allowed, "{path}");
        assert_eq!(
            response.headers()["content-type"],
            "application/problem+json"
        );
    }
}

#[tokio::test]
async fn a_path_that_is_not_text_is_an_unknown_one() {
    let app = app().await;
    for path in [
        "/emitters/%ff",
        "/messages/%ff",
        "/messages/%ff/deliveries/crm",
        "/messages/msg_018f6f0e2c5b7d3e8a41c0ffee15600d/deliveries/%ff",
    ] {
        let (status, problem) = get(&app, path).await;
        assert_eq!((status, &problem["type"]), (404, &json!("not_found")));
    }
    let deleted = send(&app, Method::DELETE, "/emitters/%ff", None).await;
    assert_eq!(deleted.0, 204);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    let app = app().await;
    assert_eq!(post(&app, "/emitters", crm()).await.0, 201);
    let event = json!(["a", {}, null, null, null, null]);
    for (path, body) in [
        ("/events", event),
        ("/emitters/crm/pause", json!([])),
        ("/emitters/crm/pause", json!(["discard"])),
        ("/emitters/crm/pause", json!(null)),
        ("/emitters/crm/pause", json!("keep")),
    ] {
        let (status, problem) = post(&app, path, body.clone()).await;
        assert_eq!(status, 422, "{path} {body}");
        assert_eq!(problem["type"], "invalid_body", "{path} {body}");
    }
    assert_eq!(get(&app, "/emitters/crm").await.1["state"], "active");
}

#[tokio::test]
async fn a_credential_of_the_wrong_type_is_not_repeated() {
    let app = app().await;
    for (wrong, word) in [
        (json!({ "secret": 170_717 }), "secret"),
        (json!({ "secret": ["170717"] }), "secret"),
        (json!({ "headers": "Bearer 170717" }), "headers"),
        (
            json!({ "headers": { "authorization": 170_717 } }),
            "headers",
        ),
    ] {
        let (status, problem) = post(&app, "/emitters", with(&wrong)).await;
        assert_eq!((status, &problem["type"]), (422, &json!("invalid_body")));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(word), "{detail}");
        assert!(!detail.contains("170717"), "{detail}");
    }
    let absent = json!({ "secret": null, "headers": null });
    assert_eq!(post(&app, "/emitters", with(&absent)).await.0, 201);
    for broken in [r#"{"secret": "17" 17}"#, r#"{"headers": {17}}"#] {
        let request = Request::post("/a/b/api/emitters")
            .header("authorization", "Bearer token")
            .header("content-type", "application/json")
            .body(Body::from(broken));
        assert_eq!(answer(&app, request.unwrap()).await.0, 400);
    }
}

#[tokio::test]
async fn a_query_is_checked_alike_on_every_list() {
    let app = app().await;
    for list in ["emitters", "deliveries"] {
        for wrong in [
            "limit=0",
            "limit=251",
            "limit=-1",
            "limit=x",
            "limit=",
            "limit=1&limit=2",
            "cursor=",
            "cursor=%25",
            "cursor=YSBi",
            "state=unknown",
            "state=",
            "event=a%20b",
            "tenant=",
            "tenant=a%20b",
            "tenant=%ff",
            "colour=red",
        ] {
            let (status, _) = get(&app, &format!("/{list}?{wrong}")).await;
            assert_eq!(status, 422, "{list} {wrong}");
        }
    }
    for wrong in [
        "emitter=a/b",
        "delivery_id=",
        "delivery_id=a%20b",
        "since=yesterday",
        "until=1",
    ] {
        let (status, _) = get(&app, &format!("/deliveries?{wrong}")).await;
        assert_eq!(status, 422, "{wrong}");
    }
}

//! Emitters.

use super::*;

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
async fn an_emitter_is_this_json() {
    let app = app().await;
    let text = async |request: Request<Body>| {
        let response = app.clone().oneshot(request).await.unwrap();
        let bytes = axum::body::to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let body = with(&json!({
        "tenant": "acme", "description": "CRM", "metadata": { "b": "2", "a": "1" },
        "headers": { "x-team": "hush" }, "secret": "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "retry": { "policy": "schedule", "delays_ms": [0, 5000], "jitter": "full", "give_up_on": [404] },
        "ordering": "relaxed", "lanes": 2, "disable_after_ms": null,
    }));
    let request = |path: &str, body: Value| {
        Request::post(format!("/a/b/api/emitters{path}"))
            .header("authorization", "Bearer token")
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap()
    };
    let created = text(request("", body)).await;
    let values: Value = serde_json::from_str(&created).unwrap();
    let (at, key) = (&values["created_at"], &values["keys"][0]);
    let (key, made) = (&key["id"], &key["created_at"]);
    assert_eq!(
        created,
        [
            r#"{"id":"crm","url":"https://crm.example/hooks","events":["order.*"],"tenant":"acme","#,
            r#""description":"CRM","metadata":{"a":"1","b":"2"},"header_identifier":"Webhooks","#,
            r#""headers":{"x-team":"•••"},"signing":["standard","emitter"],"#,
            r#""secret":"whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","timeout_ms":15000,"#,
            r#""retry":{"policy":"schedule","max_age_ms":null,"delays_ms":[0,5000],"jitter":"full","#,
            r#""give_up_on":[404]},"ordering":"relaxed","lanes":2,"rate_limit_per_second":null,"#,
            r#""disable_after_ms":null,"state":"active","paused_backlog":null,"disabled_reason":null,"#,
            &format!(r#""created_at":{at},"updated_at":{at},"pending":0,"oldest_pending_at":null,"#),
            r#""cooling_until":null,"consecutive_failures":0,"#,
            &format!(r#""keys":[{{"id":{key},"kind":"hmac","public_key":null,"#),
            &format!(r#""created_at":{made},"expires_at":null}}]}}"#),
        ]
        .concat()
    );
    let paused = text(request("/crm/pause", json!({}))).await;
    assert!(paused.contains(r#""state":"paused","paused_backlog":"keep","disabled_reason":null,"#));
    let other = json!({ "id": "b", "url": "https://b.example/", "events": ["*"] });
    let other = text(request("", other)).await;
    assert!(other.contains(r#""retry":{"policy":"exponential","max_attempts":15,"max_age_ms":null,"initial_ms":1000,"max_ms":60000,"factor":2.0,"jitter":0.2,"give_up_on":[]},"ordering":"strict","lanes":1,"rate_limit_per_second":null,"disable_after_ms":432000000,"#));
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
async fn a_header_that_is_not_shown_keeps_all_its_values_however_its_name_is_written() {
    let webhooks = webhooks().await;
    let mut settings = webhooks_core::emitter::Settings::default();
    for value in ["one", "two"] {
        settings.headers.append("x-team", value.parse().unwrap());
    }
    let config = webhooks_core::EmitterConfig::new("https://crm.example/")
        .unwrap()
        .settings(settings);
    webhooks.attach("crm", ["*"], config).await.unwrap();
    let app = app_of(webhooks.clone());
    let put = async |headers: Value| {
        let body = json!({ "url": "https://b.example/", "events": ["*"], "headers": headers });
        send(&app, Method::PUT, "/emitters/crm", Some(body)).await.0
    };
    assert_eq!(put(json!({ "X-Team": "•••", "x-new": "3" })).await, 200);
    let emitter = webhooks.emitter("crm").unwrap();
    let headers = &emitter.settings().headers;
    let kept: Vec<_> = headers.get_all("x-team").iter().collect();
    assert_eq!(kept, ["one", "two"]);
    assert_eq!(headers["x-new"], "3");
    // One of the two would be lost.
    assert_eq!(
        put(json!({ "X-Team": "three", "x-team": "four" })).await,
        422
    );
    assert_eq!(
        put(json!({ "X-Team": "three", "x-team": "•••" })).await,
        422
    );
}

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

//! Where the router can be mounted.

use super::*;

async fn ask(app: &Router, path: &str) -> u16 {
    let request = Request::get(path).header("authorization", "Bearer token");
    answer(app, request.body(Body::empty()).unwrap()).await.0
}

async fn ask_nobody(app: &Router, path: &str) -> u16 {
    answer(app, Request::get(path).body(Body::empty()).unwrap())
        .await
        .0
}

#[tokio::test]
async fn a_prefix_may_have_parameters_of_its_own() {
    let webhooks = webhooks().await;
    webhooks
        .attach(
            "crm",
            ["*"],
            webhooks_core::EmitterConfig::new("https://crm.example/").unwrap(),
        )
        .await
        .unwrap();
    webhooks
        .pause("crm", webhooks_core::Backlog::Keep)
        .await
        .unwrap();
    let receipt = webhooks.emit("a", &json!({})).await.unwrap();
    let auth = || AdminAuth::bearer("token");
    let nested: Router = Router::new()
        .nest("/of/{id}", admin(webhooks.clone(), auth()))
        .nest_service("/service/{emitter}/x", admin(webhooks, auth()));
    for prefix in ["/of/17", "/service/17/x"] {
        let api = format!("{prefix}/api");
        assert_eq!(ask(&nested, &format!("{api}/emitters/crm")).await, 200);
        assert_eq!(ask(&nested, &format!("{api}/emitters/17")).await, 404);
        let message = format!("{api}/messages/{}", receipt.message_id);
        assert_eq!(ask(&nested, &message).await, 200);
        let delivery = format!("{message}/deliveries/crm");
        assert_eq!(ask(&nested, &delivery).await, 200);
        assert_eq!(ask_nobody(&nested, &delivery).await, 401);
        assert_eq!(ask_nobody(&nested, &format!("{api}/health")).await, 200);
    }
}

#[tokio::test]
async fn it_can_be_merged_and_nested_under_a_prefix_with_a_slash() {
    let webhooks = webhooks().await;
    let auth = || AdminAuth::bearer("token");
    let merged: Router = Router::new().merge(admin(webhooks.clone(), auth()));
    let slash: Router = Router::new().nest("/x/", admin(webhooks, auth()));
    for (app, prefix) in [(merged, ""), (slash, "/x")] {
        assert_eq!(ask(&app, &format!("{prefix}/api/emitters")).await, 200);
        assert_eq!(ask_nobody(&app, &format!("{prefix}/api/health")).await, 200);
        for path in ["/", "/api/emitters", "/api/health/", "//api/health", "/api"] {
            assert_eq!(
                ask_nobody(&app, &format!("{prefix}{path}")).await,
                401,
                "{path}"
            );
        }
    }
}

#[tokio::test]
async fn as_a_service_it_answers_the_prefix_with_a_slash_as_well() {
    let webhooks = webhooks().await;
    let app: Router =
        Router::new().nest_service("/webhooks", admin(webhooks, AdminAuth::bearer("token")));
    for path in ["/webhooks", "/webhooks/", "/webhooks/api/nothing"] {
        assert_eq!(ask_nobody(&app, path).await, 401, "{path}");
        assert_eq!(ask(&app, path).await, 404, "{path}");
    }
    assert_eq!(ask_nobody(&app, "/webhooks/api/health").await, 200);
    assert_eq!(ask(&app, "/webhooks/api/emitters").await, 200);
}

#[tokio::test]
async fn a_payload_without_a_limit_is_taken() {
    let builder = Webhooks::builder().payload_limit(usize::MAX);
    let app = app_of(builder.build().await.unwrap());
    let event = json!({ "event": "a", "payload": { "x": "y".repeat(100_000) } });
    assert_eq!(post(&app, "/events", event).await.0, 202);
}

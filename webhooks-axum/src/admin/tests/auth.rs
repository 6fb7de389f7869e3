//! Who may call it.

use super::{super::Identity, *};

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
            .map(|_| Identity("user".into()))
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
async fn a_refusal_says_how_to_authenticate() {
    let webhooks = webhooks().await;
    for (auth, challenge) in [
        (AdminAuth::bearer("token"), "Bearer"),
        (AdminAuth::basic("ann", "hush"), "Basic realm=\"webhooks\""),
        (AdminAuth::custom(|_| None), "Bearer"),
    ] {
        let app: Router = admin(webhooks.clone(), auth);
        for path in ["/api/emitters", "/api/nothing", "/"] {
            let request = Request::get(path).body(Body::empty()).unwrap();
            let response = app.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), 401);
            assert_eq!(response.headers()["www-authenticate"], challenge, "{path}");
        }
    }
}

#[tokio::test]
async fn an_empty_secret_lets_nobody_in() {
    let webhooks = webhooks().await;
    // `ann:` and `:` in base64.
    for (auth, header) in [
        (AdminAuth::bearer(""), "Bearer "),
        (AdminAuth::basic("ann", ""), "Basic YW5uOg=="),
        (AdminAuth::basic("", ""), "Basic Og=="),
    ] {
        let app: Router = admin(webhooks.clone(), auth);
        let request = Request::get("/api/emitters").header("authorization", header);
        let request = request.body(Body::empty()).unwrap();
        assert_eq!(answer(&app, request).await.0, 401, "{header}");
    }
}

#[tokio::test]
async fn a_layer_that_rewrites_paths_opens_nothing() {
    let rewrite = |mut request: Request<Body>| async {
        *request.uri_mut() = "/a/b/api/health".parse().unwrap();
        request
    };
    let app = app().await.layer(axum::middleware::map_request(rewrite));
    let request = Request::get("/a/b/api/emitters");
    let request = request.body(Body::empty()).unwrap();
    assert_eq!(answer(&app, request).await.0, 401);
}

use axum::body::{Body, to_bytes};
use tower::ServiceExt as _;

use super::*;

/// The answer to a request: its status, its content type, and its `www-authenticate`.
async fn ask(method: &str, path: &str, token: Option<&str>) -> (u16, String, Option<String>) {
    let webhooks = Webhooks::builder().build().await.unwrap();
    let app = app(webhooks, AdminAuth::bearer("token"));
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let request = request.body(Body::from("{}")).unwrap();
    let response = app.oneshot(request).await.unwrap();
    let header = |name| {
        let value = response.headers().get(name)?;
        Some(value.to_str().unwrap().to_owned())
    };
    let (kind, challenge) = (header("content-type"), header("www-authenticate"));
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    assert!(!body.is_empty(), "{method} {path}");
    (status, kind.unwrap_or_default(), challenge)
}

#[tokio::test]
async fn without_the_token_there_is_nothing_but_a_challenge() {
    for (method, path) in [
        ("POST", "/emit/a"),
        ("GET", "/emit/a"),
        ("POST", "/stage/a"),
        ("GET", "/webhooks"),
        ("GET", "/webhooks/"),
        ("GET", "/webhooks/api/emitters"),
    ] {
        for token in [None, Some("wrong")] {
            let (status, kind, challenge) = ask(method, path, token).await;
            assert_eq!(status, 401, "{method} {path}");
            assert_eq!(kind, "application/problem+json");
            assert_eq!(challenge.as_deref(), Some("Bearer"), "{method} {path}");
        }
    }
    for path in ["/health", "/webhooks/api/health"] {
        assert_eq!(ask("GET", path, None).await.0, 200);
    }
}

#[tokio::test]
async fn every_error_is_a_problem() {
    for (method, path, status) in [
        ("GET", "/emit/a", 405),
        ("DELETE", "/stage/a", 405),
        ("POST", "/health", 405),
        ("POST", "/emit/%ff", 422),
        ("POST", "/stage/%ff", 422),
        ("POST", "/emit/a%20b", 422),
        ("POST", "/emit/a?colour=red", 422),
        ("POST", "/stage/a?status=1000", 422),
        ("POST", "/stage/a?panic=true", 500),
        ("GET", "/nothing", 404),
    ] {
        let (got, kind, _) = ask(method, path, Some("token")).await;
        assert_eq!(got, status, "{method} {path}");
        assert_eq!(kind, "application/problem+json", "{method} {path}");
    }
    assert_eq!(ask("POST", "/emit/a", Some("token")).await.0, 202);
}

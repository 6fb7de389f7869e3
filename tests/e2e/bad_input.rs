//! Bad input over HTTP: each is told what would be right, and nothing that is queued suffers.

use std::net::SocketAddr;

use axum::Router;
use reqwest::{Client, Method, header::CONTENT_TYPE};
use serde_json::{Value, json};
use webhooks_axum::{AdminAuth, admin};
use webhooks_core::{Backlog, Webhooks};
use webhooks_tests::Receiver;

use crate::{builder, config, numbers, payload, serve, settled};

/// An admin API, nested.
struct Api {
    addr: SocketAddr,
    client: Client,
}

impl Api {
    async fn of(webhooks: &Webhooks) -> Self {
        let auth = AdminAuth::none_behind_my_own_layer();
        let app = Router::new().nest("/webhooks", admin(webhooks.clone(), auth));
        Self {
            addr: serve(app).await,
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The status, type and detail of the problem that comes of this.
    async fn ask(&self, method: &Method, path: &str, body: String) -> (u16, String, String) {
        let url = format!("http://{}/webhooks/api{path}", self.addr);
        let request = self.client.request(method.clone(), url);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let kind = answer.headers()[CONTENT_TYPE].clone();
        assert_eq!(kind, "application/problem+json", "{method} {path}");
        let problem: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let text = |name: &str| problem[name].as_str().unwrap().to_owned();
        (status, text("type"), text("detail"))
    }
}

/// An emitter to be created, but for what is wrong with it.
fn emitter(wrong: &Value) -> String {
    let mut emitter = json!({ "id": "new", "url": "https://crm.example/", "events": ["*"] });
    for (name, value) in wrong.as_object().unwrap() {
        emitter[name] = value.clone();
    }
    emitter.to_string()
}

fn event(payload: &str) -> String {
    format!(r#"{{"event":"a","payload":{payload}}}"#)
}

/// Each of these, and a word of what would be right.
fn emitters() -> Vec<(Value, &'static str)> {
    let mut wrong = vec![
        (json!({ "url": "ftp://crm.example" }), "https"),
        (json!({ "url": "https://ann@crm.example" }), "user info"),
        (json!({ "url": "https://crm.example/#part" }), "fragment"),
        (json!({ "url": "https://crm.example:0/" }), "port 0"),
        (json!({ "url": "https://crm.example:22/" }), "443"),
        (json!({ "url": "https://10.0.0.1/" }), "not public"),
        (json!({ "events": [] }), "at least one"),
        (json!({ "events": ["*.created"] }), "`.*`"),
        (json!({ "events": ["a b"] }), "[A-Za-z0-9_.:/-]"),
        (json!({ "id": "a/b" }), "1–128"),
        (json!({ "id": "x".repeat(129) }), "1–128"),
        (json!({ "headers": { "a b": "v" } }), "token"),
        (json!({ "headers": { "x-a": "a\r\nb" } }), "visible ASCII"),
        (json!({ "lanes": 0 }), "1–1024"),
        (json!({ "lanes": 1025 }), "1–1024"),
        (json!({ "timeout_ms": 0 }), "1–600000"),
        (json!({ "timeout_ms": u64::MAX }), "1–600000"),
        (json!({ "retry": { "factor": 0 } }), "1.0–100.0"),
        (json!({ "retry": { "initial_ms": u64::MAX } }), "30 days"),
        (json!({ "retry": { "give_up_on": [200] } }), "300–599"),
        (json!({ "unknown": 1 }), "expected one of"),
        (json!({ "state": "paused" }), "expected one of"),
    ];
    let reserved = ["host", "Content-Length", "webhook-id", "x-webhooks-event"];
    wrong.extend(reserved.map(|name| (json!({ "headers": { name: "v" } }), "cannot be set")));
    wrong
}

/// Each of these, the status it is answered, and a word of what would be right.
fn events() -> Vec<(String, u16, &'static str)> {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(129), "}".repeat(129));
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(1 << 20));
    vec![
        (event("[]"), 422, "expected `{`"),
        (event("null"), 422, "expected `{`"),
        (event(&deep), 422, "128"),
        (event(&long), 413, "1048576"),
        (event(&"x".repeat(1 << 18).repeat(5)), 413, "64 KiB"),
        (r#"{"event":"a b","payload":{}}"#.to_owned(), 422, "1–256"),
        (r#"{"event":"a"}"#.to_owned(), 422, "payload"),
        ("{".to_owned(), 400, "not JSON"),
    ]
}

const QUERIES: [(&str, &str); 9] = [
    ("/emitters?state=stopped", "`paused`"),
    ("/emitters?cursor=x", "next_cursor"),
    ("/emitters?limit=251", "1–250"),
    ("/deliveries?state=lost", "pending"),
    ("/deliveries?cursor=bXNn", "next_cursor"),
    ("/deliveries?limit=0", "1–250"),
    ("/deliveries?since=yesterday", "RFC 3339"),
    ("/deliveries?emitter=a%20b", "1–128"),
    ("/deliveries?color=red", "expected one of"),
];

#[tokio::test]
async fn bad_input_is_told_what_would_be_right_and_nothing_that_is_queued_is_lost() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    for n in 0..3 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    let api = Api::of(&webhooks).await;
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let mut requests = Vec::new();
    for (wrong, right) in emitters() {
        requests.push((&post, "/emitters", emitter(&wrong), 422, right));
        let mut replacing = wrong;
        if replacing.as_object_mut().unwrap().remove("id").is_none() {
            replacing["id"] = json!("crm");
            requests.push((&put, "/emitters/crm", emitter(&replacing), 422, right));
        }
    }
    for (body, status, right) in events() {
        requests.push((&post, "/events", body, status, right));
    }
    for (path, right) in QUERIES {
        requests.push((&get, path, String::new(), 422, right));
    }
    let backlog = r#"{"backlog":"lose"}"#.to_owned();
    requests.push((&post, "/emitters/crm/pause", backlog, 422, "`discard`"));
    for (method, path, body, status, right) in requests {
        let shown = body[..body.len().min(99)].to_owned();
        let (answered, r#type, detail) = api.ask(method, path, body).await;
        assert_eq!(answered, status, "{method} {path} {shown}: {detail}");
        assert!(!r#type.is_empty());
        assert!(detail.contains(right), "{method} {path} {shown}: {detail}");
    }
    assert_eq!(webhooks.all_emitters().len(), 1);
    webhooks.restart("crm").await.unwrap();
    assert_eq!(settled(&webhooks).await.len(), 3);
    assert_eq!(receiver.bodies(), numbers(0..3));
}

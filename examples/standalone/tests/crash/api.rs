//! What clients of the program ask of it.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, StatusCode, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::{PATIENCE, program::TOKEN};

/// The way to one start of the program.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    base: String,
    client: Client,
}

/// An event to be emitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Event<'a> {
    /// The delivery ID.
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) key: Option<&'a str>,
    pub(crate) body: &'a str,
}

/// A problem of the program's.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) r#type: String,
    pub(crate) retry_after: bool,
}

impl PartialEq for Api {
    /// Each start has a port of its own.
    fn eq(&self, other: &Self) -> bool {
        self.base == other.base
    }
}

impl Api {
    pub(crate) fn new(base: &str) -> Self {
        let client = Client::builder().no_proxy().timeout(PATIENCE);
        Self {
            base: base.to_owned(),
            client: client.build().unwrap(),
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}{path}", self.base);
        self.client.request(method, url).bearer_auth(TOKEN)
    }

    /// Attaches an emitter, as JSON.
    pub(crate) async fn attach(&self, emitter: &Value) {
        self.post("/webhooks/api/emitters", emitter.to_string())
            .await;
    }

    /// Has something done by the admin API.
    pub(crate) async fn post(&self, path: &str, body: impl Into<String>) {
        let request = self.request(Method::POST, path);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = request.body(body.into()).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Emits an event; returns the message ID.
    pub(crate) async fn emit(&self, event: &Event<'_>) -> reqwest::Result<Result<String, Problem>> {
        let key = event.key.map(|key| format!("?ordering_key={key}"));
        let path = format!("/emit/{}{}", event.name, key.unwrap_or_default());
        let request = self.request(Method::POST, &path);
        let request = request.header("x-request-id", event.id);
        let answer = request.body(event.body.to_owned()).send().await?;
        let (status, retry_after) = (
            answer.status(),
            answer.headers().contains_key("retry-after"),
        );
        let value: Value = serde_json::from_slice(&answer.bytes().await?).unwrap();
        let text = |name: &str| value[name].as_str().unwrap().to_owned();
        Ok(if status == StatusCode::ACCEPTED {
            Ok(text("message_id"))
        } else {
            Err(Problem {
                status,
                r#type: text("type"),
                retry_after,
            })
        })
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
    }

    pub(crate) async fn health(&self) -> StatusCode {
        let request = self.request(Method::GET, "/health");
        request.send().await.unwrap().status()
    }

    /// Waits until nothing is pending.
    pub(crate) async fn drained(&self, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let pending = "/webhooks/api/deliveries?state=pending&limit=1";
            let items = &self.get(pending).await["items"];
            if items.as_array().unwrap().is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "still pending: {items}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

//! The admin API, as a client has it.

use axum::Router;
use reqwest::{Client, Method, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::net::TcpListener;
use webhooks_axum::{AdminAuth, admin};
use webhooks_core::Webhooks;

use crate::needles::TOKEN;

pub(crate) struct Api {
    base: String,
    client: Client,
}

impl Api {
    pub(crate) async fn of(webhooks: &Webhooks) -> Self {
        let app = Router::new().nest(
            "/webhooks",
            admin(webhooks.clone(), AdminAuth::bearer(TOKEN)),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            base: format!("http://{addr}/webhooks/api"),
            client: Client::builder().no_proxy().build().unwrap(),
        }
    }

    /// The status, and the whole answer: its headers and its body.
    pub(crate) async fn ask(&self, method: Method, path: &str, body: String) -> (u16, String) {
        let url = format!("{}{path}", self.base);
        let request = self.client.request(method, url).bearer_auth(TOKEN);
        let request = request.header(CONTENT_TYPE, "application/json");
        let answer = request.body(body).send().await.unwrap();
        let status = answer.status().as_u16();
        let headers = format!("{:?}", answer.headers());
        let body = answer.text().await.unwrap();
        (status, format!("{headers}\n{body}"))
    }

    pub(crate) async fn get(&self, path: &str) -> String {
        let (status, answer) = self.ask(Method::GET, path, String::new()).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }
}

/// The body of an answer.
pub(crate) fn json(answer: &str) -> Value {
    let (_, body) = answer.split_once('\n').unwrap();
    serde_json::from_str(body).unwrap()
}

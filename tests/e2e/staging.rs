//! Staged events, through axum and over sockets.

use std::time::Duration;

use axum::{Router, http::StatusCode, routing::post};
use tokio::{io::AsyncReadExt as _, sync::mpsc};
use webhooks_axum::{Outbox, WebhooksLayer};
use webhooks_core::Webhooks;
use webhooks_tests::Receiver;

use super::builder;
use crate::{ask, config, payload, serve};

async fn succeed(outbox: Outbox) -> StatusCode {
    outbox.stage("staged", &payload(1)).unwrap();
    StatusCode::CREATED
}

async fn fail(outbox: Outbox) -> StatusCode {
    outbox.stage("staged", &payload(2)).unwrap();
    StatusCode::BAD_REQUEST
}

async fn panic(outbox: Outbox) -> StatusCode {
    outbox.stage("staged", &payload(3)).unwrap();
    panic!("as asked");
}

/// An application in front of these webhooks; what comes out of the channel has begun to hang.
async fn app(webhooks: Webhooks) -> (std::net::SocketAddr, mpsc::Receiver<()>) {
    let (begun, hanging) = mpsc::channel(1);
    let hang = move |outbox: Outbox| async move {
        outbox.stage("staged", &payload(4)).unwrap();
        begun.send(()).await.unwrap();
        std::future::pending::<StatusCode>().await
    };
    let app = Router::new()
        .route("/succeed", post(succeed))
        .route("/fail", post(fail))
        .route("/panic", post(panic))
        .route("/hang", post(hang))
        .layer(WebhooksLayer::new(webhooks));
    (serve(app).await, hanging)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_successful_request_sends_what_it_staged() {
    let receiver = Receiver::start().await;
    let webhooks = builder().build().await.unwrap();
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    let (addr, mut hanging) = app(webhooks.clone()).await;
    for path in ["/fail", "/panic"] {
        let mut answer = Vec::new();
        let _ = ask(addr, path).await.read_to_end(&mut answer).await;
    }
    // The client leaves while its request is being handled.
    let stream = ask(addr, "/hang").await;
    hanging.recv().await.unwrap();
    drop(stream);
    let mut answer = Vec::new();
    ask(addr, "/succeed")
        .await
        .read_to_end(&mut answer)
        .await
        .unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 201"));
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].header("x-webhooks-delivery"), "/succeed");
    let report = webhooks.shutdown(Duration::from_secs(5)).await.unwrap();
    assert_eq!(report.pending, 0);
    assert_eq!(receiver.bodies(), [payload(1).to_string()]);
}

//! The scope of a request: what becomes of it when client, handler and store go their own ways.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderName, StatusCode},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::post,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{mpsc, oneshot},
};
use webhooks_axum::{Outbox, WebhooksLayer};
use webhooks_core::{Backlog, ErrorKind, MemoryStore, Webhooks, store::MemoryLimits};
use webhooks_tests::Receiver;

use super::builder;
use crate::{ask, config, numbers, payload, serve, settled};

/// Tells that it is dropped: that a request is over, whether it was answered or not.
struct Over(mpsc::UnboundedSender<()>);

impl Drop for Over {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

async fn tell_the_end(
    State(over): State<mpsc::UnboundedSender<()>>,
    request: Request,
    next: Next,
) -> Response {
    let _over = Over(over);
    next.run(request).await
}

async fn succeed(outbox: Outbox) -> StatusCode {
    outbox.stage("staged", &payload(1)).unwrap();
    StatusCode::CREATED
}

/// The whole answer to a request.
async fn answer(addr: SocketAddr, path: &str) -> String {
    let mut answer = String::new();
    let mut stream = ask(addr, path).await;
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn attached(webhooks: &Webhooks) -> Receiver {
    let receiver = Receiver::start().await;
    webhooks
        .attach("crm", ["*"], config(&receiver))
        .await
        .unwrap();
    receiver
}

#[tokio::test]
async fn a_client_that_leaves_once_the_handler_has_answered_undoes_nothing() {
    let store = super::store();
    let webhooks = crate::builder().store(store.clone()).build().await.unwrap();
    let receiver = attached(&webhooks).await;
    let (over, mut ended) = mpsc::unbounded_channel();
    let app = Router::new()
        .route("/succeed", post(succeed))
        .layer(WebhooksLayer::new(webhooks.clone()))
        .layer(from_fn_with_state(over, tell_the_end));
    let addr = serve(app).await;
    store.append_answers().close();
    let stream = ask(addr, "/succeed").await;
    // The handler has answered; what it staged is stored, though the store has not said so yet.
    store.append_answers().wait_for(1).await;
    drop(stream);
    ended.recv().await.unwrap();
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].header("x-webhooks-delivery"), "/succeed");
    store.append_answers().open();
    assert_eq!(settled(&webhooks).await.len(), 1);
    assert_eq!(receiver.bodies(), numbers([1]));
}

#[tokio::test]
async fn what_was_emitted_stays_and_what_was_staged_goes_when_the_client_leaves() {
    let webhooks = builder().build().await.unwrap();
    let receiver = attached(&webhooks).await;
    let (over, mut ended) = mpsc::unbounded_channel();
    let hang = async |outbox: Outbox| {
        outbox.stage("staged", &payload(8)).unwrap();
        outbox.emit("emitted", &payload(0)).await.unwrap();
        outbox.stage("staged", &payload(9)).unwrap();
        std::future::pending::<StatusCode>().await
    };
    let app = Router::new()
        .route("/hang", post(hang))
        .route("/succeed", post(succeed))
        .layer(WebhooksLayer::new(webhooks.clone()))
        .layer(from_fn_with_state(over, tell_the_end));
    let addr = serve(app).await;
    let stream = ask(addr, "/hang").await;
    receiver.wait_for(1).await;
    drop(stream);
    ended.recv().await.unwrap();
    assert!(answer(addr, "/succeed").await.starts_with("HTTP/1.1 201"));
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn after_the_answer_staging_is_an_error_and_emitting_is_not() {
    let webhooks = builder().build().await.unwrap();
    let receiver = attached(&webhooks).await;
    let (answered, told) = oneshot::channel::<()>();
    let (done, results) = oneshot::channel();
    let channels = Arc::new(Mutex::new(Some((told, done))));
    let spawn = move |outbox: Outbox| {
        let (told, done) = channels.lock().unwrap().take().unwrap();
        async move {
            outbox.stage("staged", &payload(0)).unwrap();
            tokio::spawn(async move {
                told.await.unwrap();
                let staged = outbox.stage("staged", &payload(9));
                let emitted = outbox.emit("emitted", &payload(1)).await;
                done.send((staged, emitted)).unwrap();
            });
            StatusCode::ACCEPTED
        }
    };
    let app = Router::new()
        .route("/spawn", post(spawn))
        .layer(WebhooksLayer::new(webhooks.clone()));
    let addr = serve(app).await;
    assert!(answer(addr, "/spawn").await.starts_with("HTTP/1.1 202"));
    answered.send(()).unwrap();
    let (staged, emitted) = results.await.unwrap();
    assert_eq!(staged.unwrap_err().kind(), ErrorKind::OutboxClosed);
    assert_eq!(emitted.unwrap().delivery_id.as_str(), "/spawn");
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

const CUSTOMER: HeaderName = HeaderName::from_static("x-customer");

#[tokio::test]
async fn an_answer_whose_events_cannot_be_stored_becomes_an_empty_500() {
    let store = MemoryStore::with_limits(MemoryLimits::default().pending(1));
    let webhooks = crate::builder().store(store).build().await.unwrap();
    let receiver = attached(&webhooks).await;
    let stage = async |outbox: Outbox| {
        outbox.stage("staged", &payload(1)).unwrap();
        (StatusCode::CREATED, [(CUSTOMER, "17")], "all is well")
    };
    let app = Router::new()
        .route("/stage", post(stage))
        .layer(WebhooksLayer::new(webhooks.clone()));
    let addr = serve(app).await;
    webhooks.pause("crm", Backlog::Keep).await.unwrap();
    webhooks.emit("a", &payload(0)).await.unwrap();
    let failed = answer(addr, "/stage").await;
    assert!(failed.starts_with("HTTP/1.1 500"), "{failed}");
    assert!(!failed.contains(CUSTOMER.as_str()) && failed.ends_with("\r\n\r\n"));
    webhooks.restart("crm").await.unwrap();
    settled(&webhooks).await;
    let stored = answer(addr, "/stage").await;
    assert!(stored.starts_with("HTTP/1.1 201") && stored.ends_with("all is well"));
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..2));
}

#[tokio::test]
async fn the_events_of_a_request_share_its_id_and_differ_in_theirs() {
    let webhooks = builder().build().await.unwrap();
    let receiver = attached(&webhooks).await;
    let many = async |outbox: Outbox| {
        outbox.stage("staged", &payload(1)).unwrap();
        outbox.emit("emitted", &payload(0)).await.unwrap();
        outbox.stage("staged", &payload(2)).unwrap();
        // A redirection is a success, too.
        StatusCode::SEE_OTHER
    };
    let app = Router::new()
        .route("/many", post(many))
        .layer(WebhooksLayer::new(webhooks.clone()));
    let addr = serve(app).await;
    answer(addr, "/many").await;
    settled(&webhooks).await;
    assert_eq!(receiver.bodies(), numbers(0..3));
    let received = receiver.received();
    let mut ids: Vec<&str> = Vec::new();
    for one in &received {
        assert_eq!(one.header("x-webhooks-delivery"), "/many");
        ids.push(one.header("webhook-id"));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn a_request_id_that_is_no_delivery_id_is_replaced_and_a_trace_is_passed_on() {
    let webhooks = builder().build().await.unwrap();
    let receiver = attached(&webhooks).await;
    let app = Router::new()
        .route("/succeed", post(succeed))
        .layer(WebhooksLayer::new(webhooks.clone()));
    let addr = serve(app).await;
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let long = "x".repeat(129);
    let wrong = ["", "two words", "tab\tbed", "\u{fc}", &long];
    for id in wrong {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        let request = format!(
            "POST /succeed HTTP/1.1\r\nhost: x\r\nx-request-id: {id}\r\ntraceparent: {trace}\r\n\
             content-length: 0\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 201"), "{id}");
    }
    settled(&webhooks).await;
    let received = receiver.received();
    assert_eq!(received.len(), wrong.len());
    let mut ids: Vec<&str> = Vec::new();
    for one in &received {
        assert_eq!(one.header("traceparent"), trace);
        ids.push(one.header("x-webhooks-delivery"));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), wrong.len());
    assert!(ids.iter().all(|id| id.len() == 36), "{ids:?}");
}

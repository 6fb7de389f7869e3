//! What the layer asks of the service inside, and what it makes of its end.

use std::task::{Context, Poll, Waker};

use super::*;

#[tokio::test(start_paused = true)]
async fn a_panic_drops_what_was_staged_and_closes_the_outbox() {
    let (webhooks, arrived) = webhooks().await;
    let kept = Arc::new(Mutex::new(Vec::new()));
    let slot = kept.clone();
    let at_once = service_fn(move |request: Request<()>| {
        let outbox = outbox(&request);
        outbox
            .stage("order.created", &serde_json::json!({}))
            .unwrap();
        slot.lock().unwrap().push(outbox);
        let in_call = request.method() == http::Method::PUT;
        assert!(!in_call, "before there is a future");
        future::poll_fn(|_| -> Poll<Result<Response<String>, Infallible>> {
            panic!("in the future")
        })
    });
    let service = WebhooksLayer::new(webhooks).layer(at_once);
    for method in [http::Method::PUT, http::Method::POST] {
        let mut request = request("r");
        *request.method_mut() = method;
        let panicked = tokio::task::LocalSet::new()
            .run_until(async {
                let service = service.clone();
                tokio::task::spawn_local(async move { service.oneshot(request).await }).await
            })
            .await;
        assert!(panicked.unwrap_err().is_panic());
    }
    let kept = kept.lock().unwrap().drain(..).collect::<Vec<_>>();
    assert_eq!(kept.len(), 2);
    for outbox in kept {
        let closed = outbox.stage("order.created", &serde_json::json!({}));
        assert_eq!(closed.unwrap_err().kind(), ErrorKind::OutboxClosed);
    }
    settle().await;
    assert!(ids(&arrived).is_empty());
}

/// Ready on its second poll; called only then, once, and never cloned.
struct Fussy {
    polls: usize,
    calls: Arc<Mutex<usize>>,
}

impl Service<Request<()>> for Fussy {
    type Response = Response<String>;
    type Error = &'static str;
    type Future = future::Ready<Result<Response<String>, &'static str>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.polls += 1;
        match self.polls {
            1 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            2 => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err("closed")),
        }
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        assert_eq!(self.polls, 2, "it was not ready");
        *self.calls.lock().unwrap() += 1;
        outbox(&request)
            .stage("order.created", &serde_json::json!({}))
            .unwrap();
        future::ready(Ok(answer(200)))
    }
}

#[tokio::test(start_paused = true)]
async fn readiness_is_the_inner_services_and_so_is_its_error() {
    let (webhooks, arrived) = webhooks().await;
    let calls = Arc::new(Mutex::new(0));
    let mut service = WebhooksLayer::new(webhooks).layer(Fussy {
        polls: 0,
        calls: calls.clone(),
    });
    let response = service.ready().await.unwrap().call(request("r")).await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(*calls.lock().unwrap(), 1);
    assert_eq!(service.ready().await.err(), Some("closed"));
    settle().await;
    assert_eq!(ids(&arrived), ["r"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_staged_is_stored_in_the_poll_in_which_the_response_is_ready() {
    let (webhooks, arrived) = webhooks().await;
    let mut service = WebhooksLayer::new(webhooks).layer(staging(200));
    let mut response = Box::pin(service.ready().await.unwrap().call(request("r")));
    let _ = response
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    drop(response);
    settle().await;
    assert_eq!(ids(&arrived), ["r"]);
}

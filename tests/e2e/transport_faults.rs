//! Transports that go wrong in every way.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tower::{Service, ServiceExt as _, layer::layer_fn, service_fn};
use webhooks_core::{
    EmitterConfig, RetryPolicy, Webhooks,
    delivery::DeliveryState,
    transport::{AttemptError, AttemptErrorKind, AttemptRequest, AttemptResponse, BoxTransport},
};
use webhooks_tests::Receiver;

use crate::{builder, config, numbers, payload, settled};

/// How a transport goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    PanicInReady,
    ErrorInReady,
    PanicInCall,
    PanicInFuture,
    ErrorInFuture,
}

use Fault::{ErrorInFuture, ErrorInReady, PanicInCall, PanicInFuture, PanicInReady};

/// A transport that goes wrong the first times, and is what it wraps after them.
#[derive(Clone)]
struct Faulty {
    inner: BoxTransport,
    fault: Fault,
    times: Arc<AtomicUsize>,
}

impl Faulty {
    /// Whether it goes wrong this time, in this way.
    fn goes_wrong(&self, fault: Fault) -> bool {
        let less = |times: usize| times.checked_sub(1);
        self.fault == fault
            && self
                .times
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
                .is_ok()
    }
}

fn broken() -> AttemptError {
    AttemptError::new(AttemptErrorKind::Tls, "broken")
}

impl Service<AttemptRequest> for Faulty {
    type Response = AttemptResponse;
    type Error = AttemptError;
    type Future = Pin<Box<dyn Future<Output = Result<AttemptResponse, AttemptError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AttemptError>> {
        assert!(!self.goes_wrong(PanicInReady), "as asked");
        if self.goes_wrong(ErrorInReady) {
            return Poll::Ready(Err(broken()));
        }
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: AttemptRequest) -> Self::Future {
        assert!(!self.goes_wrong(PanicInCall), "as asked");
        let (panics, fails) = (
            self.goes_wrong(PanicInFuture),
            self.goes_wrong(ErrorInFuture),
        );
        let sent = self.inner.call(request);
        Box::pin(async move {
            tokio::task::yield_now().await;
            assert!(!panics, "as asked");
            if fails { Err(broken()) } else { sent.await }
        })
    }
}

/// Webhooks whose transport goes wrong so the first `times`.
async fn faulty(fault: Fault, times: usize) -> Webhooks {
    let times = Arc::new(AtomicUsize::new(times));
    let layer = layer_fn(move |inner| Faulty {
        inner,
        fault,
        times: times.clone(),
    });
    builder().transport_layer(layer).build().await.unwrap()
}

const FAULTS: [(Fault, AttemptErrorKind); 5] = [
    (PanicInReady, AttemptErrorKind::Panicked),
    (ErrorInReady, AttemptErrorKind::Tls),
    (PanicInCall, AttemptErrorKind::Panicked),
    (PanicInFuture, AttemptErrorKind::Panicked),
    (ErrorInFuture, AttemptErrorKind::Tls),
];

#[tokio::test]
async fn a_transport_that_goes_wrong_is_a_failed_attempt_and_the_next_goes_through() {
    for (fault, kind) in FAULTS {
        let receiver = Receiver::start().await;
        let webhooks = faulty(fault, 1).await;
        webhooks
            .attach("crm", ["*"], config(&receiver))
            .await
            .unwrap();
        for n in 0..2 {
            webhooks.emit("a", &payload(n)).await.unwrap();
        }
        let log = settled(&webhooks).await;
        assert_eq!(receiver.bodies(), numbers(0..2), "{fault:?}");
        assert_eq!(receiver.received()[0].header("x-webhooks-attempt"), "2");
        let first = webhooks.delivery(log[0].key.clone()).await.unwrap();
        let failed = &first.unwrap().attempts[0];
        assert_eq!(failed.failure().unwrap().kind, kind, "{fault:?}");
        let ended = webhooks.shutdown(Duration::from_secs(5)).await.unwrap();
        assert_eq!((ended.pending, ended.cut), (0, 0), "{fault:?}");
    }
}

#[tokio::test]
async fn a_transport_that_always_goes_wrong_ends_in_dead_deliveries() {
    for (fault, kind) in FAULTS {
        let receiver = Receiver::start().await;
        let webhooks = faulty(fault, usize::MAX).await;
        let config = config(&receiver).retry(RetryPolicy::emitter().max_attempts(1));
        webhooks.attach("crm", ["*"], config).await.unwrap();
        webhooks.emit("a", &payload(0)).await.unwrap();
        let record = settled(&webhooks).await.remove(0);
        assert_eq!(
            (record.state, record.attempt_count),
            (DeliveryState::Dead, 1)
        );
        assert_eq!(record.last_error.unwrap().kind, kind, "{fault:?}");
        assert!(receiver.received().is_empty());
    }
}

#[tokio::test]
async fn other_emitters_go_on_beside_one_whose_transport_panics_or_hangs() {
    let healthy = Receiver::start().await;
    let webhooks = builder()
        .in_flight(8)
        .transport_layer(layer_fn(|inner: BoxTransport| {
            service_fn(move |request: AttemptRequest| {
                let inner = inner.clone();
                async move {
                    match request.url().path() {
                        "/panics" => panic!("as asked"),
                        "/hangs" => std::future::pending().await,
                        _ => inner.oneshot(request).await,
                    }
                }
            })
        }))
        .build()
        .await
        .unwrap();
    webhooks
        .attach("healthy", ["*"], config(&healthy))
        .await
        .unwrap();
    // An emitter that has not succeeded yet stands in line with those that never do.
    webhooks.emit("a", &payload(0)).await.unwrap();
    healthy.wait_for(1).await;
    for n in 0..10 {
        let path = if n % 2 == 0 { "/panics" } else { "/hangs" };
        let config = EmitterConfig::new(healthy.url(path)).unwrap();
        webhooks
            .attach(format!("bad-{n}"), ["*"], config)
            .await
            .unwrap();
    }
    for n in 1..20 {
        webhooks.emit("a", &payload(n)).await.unwrap();
    }
    healthy.wait_for(20).await;
    assert_eq!(healthy.bodies(), numbers(0..20));
}

//! A receiver: verifies signatures, and keeps what arrived.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use tokio::sync::watch;
use webhooks_core::{
    Error,
    env::Env,
    sign::{Secret, Verifier},
};

/// A webhook that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) delivery_id: String,
    pub(crate) attempt: String,
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// A receiver: verifies signatures, and keeps what arrived.
#[derive(Clone)]
pub(crate) struct Receiver {
    verifier: Verifier,
    env: Env,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    count: watch::Sender<usize>,
    failures: Arc<AtomicUsize>,
}

impl Receiver {
    pub(crate) fn new(secret: Secret) -> Result<Self, Error> {
        Ok(Self {
            verifier: Verifier::new(secret)?,
            env: Env::system(),
            arrivals: Arc::default(),
            count: watch::Sender::new(0),
            failures: Arc::default(),
        })
    }

    pub(crate) fn router(&self) -> Router {
        Router::new()
            .route("/", get(list))
            .route("/hooks", post(receive))
            .with_state(self.clone())
    }

    /// Answers the next `count` requests with 500.
    pub(crate) fn fail_next(&self, count: usize) {
        self.failures.store(count, Ordering::Relaxed);
    }

    /// Waits until `count` requests have arrived in all; returns them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Arrival> {
        let mut counted = self.count.subscribe();
        // The sender lives as long as the receiver itself.
        let _ = counted.wait_for(|arrived| *arrived >= count).await;
        self.arrivals()
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn status(&self, headers: &HeaderMap, body: &[u8]) -> StatusCode {
        if self.verifier.verify(headers, body, self.env.now()).is_err() {
            return StatusCode::UNAUTHORIZED;
        }
        let one_less = |left: usize| left.checked_sub(1);
        match self
            .failures
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less)
        {
            Ok(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Err(_) => StatusCode::NO_CONTENT,
        }
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let status = receiver.status(&headers, &body);
    let text = |name| {
        headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let arrival = Arrival {
        delivery_id: text("x-webhooks-delivery"),
        attempt: text("x-webhooks-attempt"),
        status: status.as_u16(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    receiver
        .arrivals
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(arrival);
    receiver.count.send_modify(|count| *count += 1);
    status
}

async fn list(State(receiver): State<Receiver>) -> String {
    let line = |arrival: &Arrival| {
        let Arrival {
            delivery_id,
            attempt,
            status,
            body,
        } = arrival;
        format!("{status}  attempt {attempt}  {delivery_id}  {body}\n")
    };
    receiver.arrivals().iter().map(line).collect()
}

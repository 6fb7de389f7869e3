//! A receiver in memory.

use std::{
    collections::VecDeque,
    future::{self, Ready},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use http::StatusCode;
use tower_service::Service;

use crate::transport::{AttemptError, AttemptRequest, AttemptResponse};

/// A request that a [`FakeReceiver`] got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FakeRequest {
    /// Where it went.
    pub url: String,
    /// The event's name; empty under another header identifier than `Webhooks`.
    pub event: String,
    /// The delivery ID, likewise.
    pub delivery_id: String,
    /// The body.
    pub body: String,
}

/// A receiver in memory: a transport that answers 200, or what it is told to. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct FakeReceiver {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    requests: Vec<FakeRequest>,
    answers: VecDeque<StatusCode>,
}

impl FakeReceiver {
    /// Answers the next requests with these statuses, one each, and with 200 after them.
    pub fn answer_with(&self, statuses: impl IntoIterator<Item = StatusCode>) {
        self.lock().answers.extend(statuses);
    }

    /// What it got so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<FakeRequest> {
        self.lock().requests.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<AttemptRequest> for FakeReceiver {
    type Response = AttemptResponse;
    type Error = AttemptError;
    type Future = Ready<Result<AttemptResponse, AttemptError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AttemptError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AttemptRequest) -> Self::Future {
        let header = |name: &str| {
            let value = request
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let got = FakeRequest {
            url: request.url().to_string(),
            event: header("x-webhooks-event"),
            delivery_id: header("x-webhooks-delivery"),
            body: String::from_utf8_lossy(request.body()).into_owned(),
        };
        let mut state = self.lock();
        state.requests.push(got);
        let status = state.answers.pop_front().unwrap_or(StatusCode::OK);
        future::ready(Ok(AttemptResponse::new(status)))
    }
}

//! A receiver in memory that can be waited for.

use std::{
    collections::VecDeque,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use http::StatusCode;
use tokio::{sync::watch, time::timeout};
use tower::Service;
use webhooks_core::transport::{AttemptError, AttemptRequest, AttemptResponse};

use crate::PATIENCE;

/// A receiver in memory that takes everything. Clones are one.
#[derive(Clone)]
pub(crate) struct Receiver {
    bodies: watch::Sender<Vec<String>>,
    answers: watch::Sender<bool>,
    statuses: Arc<Mutex<VecDeque<StatusCode>>>,
}

impl Receiver {
    pub(crate) fn new() -> Self {
        Self {
            bodies: watch::Sender::new(Vec::new()),
            answers: watch::Sender::new(true),
            statuses: Arc::default(),
        }
    }

    /// Answers the next requests with these statuses, and with 200 after them.
    pub(crate) fn answer_with(&self, statuses: impl IntoIterator<Item = u16>) {
        let statuses = statuses
            .into_iter()
            .map(|one| StatusCode::from_u16(one).unwrap());
        self.statuses.lock().unwrap().extend(statuses);
    }

    /// Whether it answers, or waits until it does.
    pub(crate) fn answers(&self, answers: bool) {
        self.answers.send_replace(answers);
    }

    /// The bodies of what has arrived so far.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.bodies.borrow().clone()
    }

    /// Waits until so many have arrived; returns the bodies.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<String> {
        let mut bodies = self.bodies.subscribe();
        let waited = timeout(PATIENCE, bodies.wait_for(|bodies| bodies.len() >= count)).await;
        match waited {
            Ok(bodies) => bodies.unwrap().clone(),
            Err(_) => panic!("{} of {count} have arrived", self.bodies().len()),
        }
    }
}

impl Service<AttemptRequest> for Receiver {
    type Response = AttemptResponse;
    type Error = AttemptError;
    type Future = Pin<Box<dyn Future<Output = Result<AttemptResponse, AttemptError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), AttemptError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: AttemptRequest) -> Self::Future {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        self.bodies.send_modify(|bodies| bodies.push(body));
        let status = self.statuses.lock().unwrap().pop_front();
        let mut answers = self.answers.subscribe();
        Box::pin(async move {
            let _ = answers.wait_for(|answers| *answers).await;
            Ok(AttemptResponse::new(status.unwrap_or(StatusCode::OK)))
        })
    }
}

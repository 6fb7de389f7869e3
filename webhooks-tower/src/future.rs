//! The future of a response.

use std::{
    error::Error as StdError,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{Response, StatusCode};
use pin_project_lite::pin_project;
use webhooks_core::{Error, Event, Webhooks, observe};

use crate::{Outbox, StagePolicy};

type Append = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

pin_project! {
    /// The future of a response: lets the handler answer, then stores what it staged.
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, P, B> {
        #[pin]
        inner: F,
        outbox: Option<Closing>,
        policy: Option<P>,
        appending: Option<Appending<B>>,
    }
}

/// Closes the outbox when the request ends in whatever way: answered, cancelled, panicked.
pub(crate) struct Closing(pub(crate) Outbox);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

struct Appending<B> {
    append: Append,
    response: Response<B>,
}

impl<F, P, B> ResponseFuture<F, P, B> {
    pub(crate) fn passing(inner: F) -> Self {
        Self {
            inner,
            outbox: None,
            policy: None,
            appending: None,
        }
    }

    pub(crate) fn staging(inner: F, outbox: Closing, policy: P) -> Self {
        Self {
            inner,
            outbox: Some(outbox),
            policy: Some(policy),
            appending: None,
        }
    }
}

impl<F, P, B, E> Future for ResponseFuture<F, P, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    P: StagePolicy,
    B: Default,
{
    type Output = Result<Response<B>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.appending.is_none() {
            let response = match ready!(this.inner.poll(cx)) {
                Ok(response) => response,
                Err(error) => {
                    // Dropping it drops what was staged.
                    *this.outbox = None;
                    return Poll::Ready(Err(error));
                }
            };
            let (Some(closing), Some(policy)) = (this.outbox.take(), this.policy.take()) else {
                return Poll::Ready(Ok(response));
            };
            let staged = closing.0.close();
            // A 1xx is no answer yet, whatever the policy thinks of it.
            if staged.is_empty()
                || response.status().is_informational()
                || !policy.stores(response.status(), response.headers())
            {
                return Poll::Ready(Ok(response));
            }
            let append = append(closing.0.webhooks().clone(), staged);
            *this.appending = Some(Appending {
                append: Box::pin(append),
                response,
            });
        }
        // Polled in the same poll in which the response was ready: from here on the events are with
        // the store, whether the client stays or not.
        let Some(appending) = this.appending else {
            return Poll::Pending;
        };
        let appended = ready!(appending.append.as_mut().poll(cx));
        let response = match this.appending.take() {
            Some(Appending { response, .. }) if appended.is_ok() => response,
            _ => failed(),
        };
        if let Err(error) = appended {
            // As such, and not as text: with its causes.
            let error: &dyn StdError = &error;
            tracing::error!(target: observe::OUTBOX, error, "staged events could not be stored");
        }
        Poll::Ready(Ok(response))
    }
}

async fn append(webhooks: Webhooks, events: Vec<Event>) -> Result<(), Error> {
    webhooks.emit_batch(events).await.map(drop)
}

/// The client must not be told that all is well.
fn failed<B: Default>() -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

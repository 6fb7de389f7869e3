//! A worker makes one attempt after another, and ends when there is none to make.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::{Instant, timeout_at};
use tower::{Service as _, ServiceExt as _};

use super::{
    core::Engine,
    judge::retry_after,
    request,
    scheduler::{Finished, Job},
    watch::Happening,
};
use crate::{
    delivery::{Attempt, AttemptFailure, AttemptOutcome, DeliveryKey},
    emitter::DisabledReason,
    observe,
    store::{Settlement, Verdict},
    transport::{AttemptError, AttemptErrorKind, AttemptRequest, AttemptResponse},
};

/// What a transport of the user's own may take beyond the attempt's timeout: reading the body of
/// an answer is not part of it.
const GRACE: Duration = Duration::from_secs(5);

pub(super) async fn run(engine: Arc<Engine>) {
    let take = || {
        let now = engine.now();
        engine.schedule(|scheduler| scheduler.next_job(now))
    };
    let mut next = take();
    while let Some(job) = next {
        let (attempt, asked) = engine.attempt(&job).await;
        next = engine.finish(&job, attempt, asked).or_else(take);
    }
}

impl Engine {
    /// Makes one attempt. Whatever happens in it is its outcome.
    async fn attempt(&self, job: &Job) -> (Attempt, Option<Duration>) {
        let outcome = match request::build(job, self.env()) {
            Ok(request) => self.send(request, job).await,
            Err(error) => Err(error),
        };
        let now = self.now();
        let duration = now.instant.duration_since(job.started.instant);
        let mut attempt = Attempt {
            number: job.entry.progress.attempts + 1,
            started_at: job.started.wall,
            duration,
            outcome: AttemptOutcome::Status(0),
            url: job.emitter.url.clone(),
            remote_addr: None,
            response_headers: Vec::new(),
            response_body: Bytes::new(),
            response_truncated: false,
        };
        let mut asked = None;
        match outcome {
            Ok(response) => {
                let status = response.status().as_u16();
                let header = response.headers().get(http::header::RETRY_AFTER);
                let value = header.and_then(|value| value.to_str().ok());
                asked = retry_after(status, value, now.wall, self.options.retry_after_cap);
                attempt.outcome = AttemptOutcome::Status(status);
                attempt.remote_addr = response.remote_addr();
                attempt.response_headers = captured(response.headers());
                attempt.response_truncated = response.is_truncated();
                attempt.response_body = response.into_body();
            }
            Err(error) => {
                attempt.remote_addr = error.remote_addr();
                let message = error.to_string().into();
                attempt.outcome = AttemptOutcome::Failed(AttemptFailure {
                    kind: error.kind(),
                    message,
                });
            }
        }
        (attempt, asked)
    }

    async fn send(
        &self,
        request: AttemptRequest,
        job: &Job,
    ) -> Result<AttemptResponse, AttemptError> {
        let deadline = Instant::now() + job.emitter.settings.timeout + GRACE;
        let mut transport = self.transport.clone();
        let sent = async move { transport.ready().await?.call(request).await };
        match timeout_at(deadline, Unpanicked(Box::pin(sent))).await {
            Ok(sent) => sent,
            Err(_) => Err(AttemptError::new(
                AttemptErrorKind::Timeout,
                "the transport did not answer in time",
            )),
        }
    }

    /// Takes down what became of an attempt; returns the same lane's next one.
    fn finish(
        self: &Arc<Self>,
        job: &Job,
        attempt: Attempt,
        asked: Option<Duration>,
    ) -> Option<Job> {
        let unit = self.env().unit();
        let now = self.now();
        let finished = self.schedule(|scheduler| scheduler.finish(job, &attempt, asked, unit, now));
        let Finished {
            judgement,
            health,
            next,
            failing_too_long,
        } = finished;
        tracing::debug!(
            target: observe::DELIVERY,
            emitter = %job.emitter.id,
            message_id = %job.entry.message.id,
            attempt = attempt.number,
            status = attempt.status(),
            error = attempt.failure().map(|failure| failure.kind.as_str()),
            duration_ms = attempt.duration.as_secs_f64() * 1_000.0,
            "attempt",
        );
        let key = DeliveryKey {
            message_id: job.entry.message.id,
            emitter: job.emitter.id.clone(),
        };
        self.tell_attempt(&key, job, &attempt, judgement.verdict);
        self.settle(
            Settlement {
                key,
                seq: job.entry.seq,
                epoch: job.epoch,
                attempt,
                verdict: judgement.verdict,
            },
            health,
        );
        if judgement.gone || failing_too_long {
            let reason = if judgement.gone {
                DisabledReason::Gone
            } else {
                DisabledReason::Failing
            };
            self.tasks.spawn(super::control::disable(
                self.clone(),
                job.emitter.clone(),
                reason,
            ));
        }
        next
    }

    fn tell_attempt(&self, key: &DeliveryKey, job: &Job, attempt: &Attempt, verdict: Verdict) {
        self.subscribers.tell(|| Happening::Attempted {
            key: key.clone(),
            event: job.entry.message.event.clone(),
            delivery_id: job.entry.message.delivery_id.clone(),
            number: attempt.number,
            outcome: attempt.outcome.clone(),
            verdict,
        });
    }
}

fn captured(headers: &http::HeaderMap) -> Vec<(Box<str>, Box<str>)> {
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    headers
        .iter()
        .map(|(name, value)| (name.as_str().into(), text(value)))
        .collect()
}

/// Turns a panic of a transport, or of a layer around it, into a failed attempt.
struct Unpanicked<F>(Pin<Box<F>>);

impl<F, T> Future for Unpanicked<F>
where
    F: Future<Output = Result<T, AttemptError>>,
{
    type Output = Result<T, AttemptError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The future is dropped right after a panic, so that nobody sees it half changed.
        match catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(cx))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(Err(AttemptError::new(
                AttemptErrorKind::Panicked,
                "the transport panicked",
            ))),
        }
    }
}

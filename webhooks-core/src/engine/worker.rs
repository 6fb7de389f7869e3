//! A worker makes one attempt after another, and ends when there is none to make.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::{Pin, pin},
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
    scheduler::{Finished, Job, Now},
    watch::Happening,
};
use crate::{
    delivery::{Attempt, AttemptFailure, AttemptOutcome, CapturedHeaders, DeliveryKey},
    emitter::DisabledReason,
    observe,
    store::{Settlement, Verdict},
    transport::{AttemptError, AttemptErrorKind, AttemptResponse, BoxTransport, body_limit},
};

/// What a transport of the user's own may take beyond the attempt's timeout: reading the body of
/// an answer is not part of it.
const GRACE: Duration = Duration::from_secs(5);

pub(super) async fn run(engine: Arc<Engine>) {
    let take = || {
        let now = engine.now();
        engine.schedule(|scheduler| scheduler.next_job(now))
    };
    let mut transport = engine.transport.clone();
    let mut next = take();
    while let Some(job) = next {
        let outcome = engine.send(&mut transport, &job).await;
        if let Err(error) = &outcome
            && error.kind() == AttemptErrorKind::Panicked
        {
            // Whatever state the panic left it in.
            transport = engine.transport.clone();
        }
        next = engine.finish(&job, outcome).or_else(take);
    }
}

impl Engine {
    /// Makes one attempt. Whatever happens in it is its outcome.
    async fn send(
        &self,
        transport: &mut BoxTransport,
        job: &Job,
    ) -> Result<AttemptResponse, AttemptError> {
        let request = request::build(job)?;
        let deadline = Instant::now() + job.emitter.settings.timeout + GRACE;
        let sent = pin!(async { transport.ready().await?.call(request).await });
        match timeout_at(deadline, Unpanicked(sent)).await {
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
        outcome: Result<AttemptResponse, AttemptError>,
    ) -> Option<Job> {
        let now = self.now();
        let asked = match &outcome {
            Ok(response) => retry_after(response, now.wall, self.options.retry_after_cap),
            Err(_) => None,
        };
        let attempt = recorded(job, outcome, now);
        let unit = self.env().unit();
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
        self.settler.put(
            Settlement {
                key,
                seq: job.entry.seq,
                epoch: job.epoch,
                attempt: Arc::new(attempt),
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
            self.tasks.spawn(super::disable::disable(
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

/// The attempt as it is kept.
fn recorded(job: &Job, outcome: Result<AttemptResponse, AttemptError>, now: Now) -> Attempt {
    let mut attempt = Attempt {
        number: job.entry.progress.attempts + 1,
        started_at: job.started.wall,
        duration: now.instant.duration_since(job.started.instant),
        outcome: AttemptOutcome::Status(0),
        url: job.emitter.url.clone(),
        remote_addr: None,
        response_headers: CapturedHeaders::default(),
        response_body: Bytes::new(),
        response_truncated: false,
    };
    match outcome {
        Ok(response) => {
            let status = response.status();
            attempt.outcome = AttemptOutcome::Status(status.as_u16());
            attempt.remote_addr = response.remote_addr();
            attempt.response_headers =
                CapturedHeaders::capture(response.headers(), status.is_success());
            attempt.response_truncated = response.is_truncated();
            attempt.response_body = response.into_body();
            // A transport of the user's own may bring more.
            let limit = body_limit(status.is_success());
            if attempt.response_body.len() > limit {
                attempt.response_body = Bytes::copy_from_slice(&attempt.response_body[..limit]);
                attempt.response_truncated = true;
            }
        }
        Err(error) => {
            attempt.remote_addr = error.remote_addr();
            attempt.outcome = AttemptOutcome::Failed(AttemptFailure {
                kind: error.kind(),
                message: error.to_string().into(),
            });
        }
    }
    attempt
}

/// Turns a panic of a transport, or of a layer around it, into a failed attempt.
struct Unpanicked<'a, F>(Pin<&'a mut F>);

impl<F, T> Future for Unpanicked<'_, F>
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

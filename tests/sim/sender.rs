//! The way of a process to its receivers.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER},
};
use tokio::time::{Instant, sleep, timeout_at};
use webhooks_core::transport::{
    AttemptError, AttemptErrorKind, AttemptRequest, AttemptResponse, BoxTransport, Guard,
    NetworkPolicy,
};
use webhooks_tests::history::{
    Arrival,
    inside::{Attempt, Heard, Process},
};

use crate::{
    backing::Handle,
    bug::Bug,
    net::{Net, Reply},
    world::World,
};

/// The transport of a process.
#[derive(Clone)]
pub(crate) struct Sender {
    net: Net,
    process: Process,
    handle: Handle,
    guard: Guard,
    bug: Option<Bug>,
}

impl Sender {
    pub(crate) fn new(net: &Net, process: Process, handle: &Handle, bug: Option<Bug>) -> Self {
        let names = Arc::new(net.names.clone());
        Self {
            net: net.clone(),
            process,
            handle: handle.clone(),
            guard: Guard::new(NetworkPolicy::default(), names).unwrap(),
            bug,
        }
    }

    /// It as a service.
    pub(crate) fn transport(self) -> BoxTransport {
        BoxTransport::new(tower::service_fn(move |request| {
            self.clone().attempt(request)
        }))
    }

    /// The attempt has begun when this is called; the future is the wait for what comes of it.
    fn attempt(
        self,
        request: AttemptRequest,
    ) -> impl Future<Output = Result<AttemptResponse, AttemptError>> + Send + use<> {
        let deadline = Instant::now() + request.timeout();
        let sent = Sent::new(&self.net.world, &request);
        // A process that was killed sends nothing more, though its tasks are there until they are dropped.
        let waiting = (!self.handle.is_killed()).then(|| self.begin(&sent));
        async move {
            let Some(mut waiting) = waiting else {
                return std::future::pending().await;
            };
            let dialled = timeout_at(deadline, self.guard.addresses(&request)).await;
            if self.handle.is_killed() {
                return std::future::pending().await;
            }
            let failed = match dialled {
                Ok(Ok(_)) => None,
                Ok(Err(error)) => Some(error),
                Err(_) => Some(AttemptError::new(AttemptErrorKind::Timeout, "simulated")),
            };
            if let Some(error) = failed {
                waiting.ends(Heard::Failure);
                self.net.world.cover(match error.kind() {
                    AttemptErrorKind::ForbiddenAddress => "forbidden address",
                    _ => "no address",
                });
                return Err(error);
            }
            self.answer(&sent, deadline, waiting).await
        }
    }

    fn begin(&self, sent: &Sent) -> Waiting {
        let world = self.net.world.clone();
        if sent.number > 1 {
            world.cover("probe");
        }
        let attempt = Attempt {
            process: self.process,
            key: (sent.emitter.clone(), sent.message.clone()),
            number: sent.number,
            start: world.now(),
            end: None,
            heard: Heard::Nothing,
        };
        let twice = self.bug == Some(Bug::SentTwice) && world.draw(|chance| chance.one_in(20));
        let traced = (&sent.emitter, &sent.id, sent.number, self.process);
        let (place, arrival) = world.record(traced, |history| {
            history.inside.attempts.push(attempt.clone());
            // Also where it comes to nothing: order is promised of what is attempted.
            for _ in 0..1 + usize::from(twice) {
                history.arrivals.push(Arrival {
                    at: world.now(),
                    emitter: sent.emitter.clone(),
                    id: sent.id.clone(),
                    message_id: sent.message.clone(),
                    attempt: sent.number,
                    body: sent.body.clone(),
                    success: false,
                });
            }
            (
                history.inside.attempts.len() - 1,
                history.arrivals.len() - 1,
            )
        });
        Waiting {
            world,
            place,
            arrival,
            is_over: false,
        }
    }

    /// Sends it, and waits for the answer.
    async fn answer(
        &self,
        sent: &Sent,
        deadline: Instant,
        mut waiting: Waiting,
    ) -> Result<AttemptResponse, AttemptError> {
        let world = &self.net.world;
        let mood = self.net.mood(&sent.emitter);
        let (time, reply) = self.net.reply(mood, deadline - Instant::now());
        let success = matches!(reply, Reply::Status(200..=299, _));
        world.record((waiting.place, "sent"), |history| {
            history.arrivals[waiting.arrival].success = success;
        });
        sleep(time).await;
        match reply {
            Reply::Status(status, after) => {
                waiting.ends(Heard::Status(status));
                let mut headers = HeaderMap::new();
                if let Some(after) = after {
                    world.cover("retry-after");
                    headers.insert(RETRY_AFTER, HeaderValue::from(after));
                }
                let status = StatusCode::from_u16(status).unwrap();
                let answer = AttemptResponse::new(status).with_headers(headers);
                let address = SocketAddr::from(([203, 0, 113, 7], 443));
                let answer = answer.with_remote_addr(address);
                Ok(answer.with_body(Bytes::from_static(b"simulated"), false))
            }
            Reply::Fails(kind) => {
                waiting.ends(Heard::Failure);
                world.cover(kind_word(kind));
                Err(AttemptError::new(kind, "simulated"))
            }
        }
    }
}

/// What is sent.
struct Sent {
    emitter: String,
    /// The delivery ID; copies of a message share theirs, and are called otherwise.
    id: String,
    message: String,
    number: u32,
    body: String,
}

impl Sent {
    fn new(world: &World, request: &AttemptRequest) -> Self {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        let message = header("webhook-id");
        let copy = world.seen().copies.get(&message).cloned();
        Self {
            emitter: request.url().path().trim_start_matches('/').to_owned(),
            id: copy.unwrap_or_else(|| header("x-webhooks-delivery")),
            message,
            number: header("x-webhooks-attempt").parse().unwrap(),
            body: String::from_utf8(request.body().to_vec()).unwrap(),
        }
    }
}

fn kind_word(kind: AttemptErrorKind) -> &'static str {
    match kind {
        AttemptErrorKind::Timeout => "timeout",
        AttemptErrorKind::Refused => "refused",
        _ => "reset",
    }
}

/// The wait for an answer; dropped before its end, what came of it is unknown.
struct Waiting {
    world: World,
    place: usize,
    arrival: usize,
    is_over: bool,
}

impl Waiting {
    fn ends(&mut self, heard: Heard) {
        self.is_over = true;
        let now = self.world.now();
        self.world.record((self.place, heard), |history| {
            let attempt = &mut history.inside.attempts[self.place];
            (attempt.end, attempt.heard) = (Some(now), heard);
        });
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_over {
            self.ends(Heard::Nothing);
            self.world.cover("dropped in flight");
            self.world.fault();
        }
    }
}

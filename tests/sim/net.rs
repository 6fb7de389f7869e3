//! Receivers, and the way to them.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, StatusCode, header::RETRY_AFTER},
};
use tokio::time::sleep;
use webhooks_core::{
    store::conformance::Chance,
    transport::{AttemptError, AttemptErrorKind, AttemptRequest, AttemptResponse},
};
use webhooks_tests::history::{
    Arrival, Moment,
    inside::{Attempt, Heard, Process},
};

use crate::{backing::Handle, bug::Bug, world::World};

/// How a receiver is for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Up,
    Slow,
    Down,
    Flaky,
    Refusing,
    Silent,
    Limiting,
    /// It takes what comes, and the answer is lost on its way.
    Mute,
    /// It wants no more.
    Gone,
}

const MOODS: [Mood; 14] = [
    Mood::Up,
    Mood::Up,
    Mood::Up,
    Mood::Up,
    Mood::Slow,
    Mood::Slow,
    Mood::Down,
    Mood::Flaky,
    Mood::Flaky,
    Mood::Refusing,
    Mood::Silent,
    Mood::Limiting,
    Mood::Mute,
    Mood::Gone,
];

/// All receivers. Clones are one.
#[derive(Clone)]
pub(crate) struct Net {
    world: World,
    moods: Arc<Mutex<BTreeMap<String, (Mood, Moment)>>>,
    healed: Arc<std::sync::atomic::AtomicBool>,
}

/// What comes back, and when.
enum Reply {
    Status(u16, Option<u64>),
    Fails(AttemptErrorKind),
}

impl Net {
    pub(crate) fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            moods: Arc::default(),
            healed: Arc::default(),
        }
    }

    /// From now on all receivers are well.
    pub(crate) fn heal(&self) {
        self.healed
            .store(true, std::sync::atomic::Ordering::Relaxed);
    }

    /// The transport of a process.
    pub(crate) fn transport(
        &self,
        process: Process,
        handle: &Handle,
        bug: Option<Bug>,
    ) -> impl tower::Service<
        AttemptRequest,
        Response = AttemptResponse,
        Error = AttemptError,
        Future: Send + 'static,
    > + Clone
    + Send
    + Sync
    + 'static {
        let (net, handle) = (self.clone(), handle.clone());
        tower::service_fn(move |request: AttemptRequest| {
            let twice = bug == Some(Bug::SentTwice) && net.world.draw(|chance| chance.one_in(20));
            // A process that was killed sends nothing more, though its tasks are there until they are dropped.
            let attempt =
                (!handle.is_killed()).then(|| net.clone().attempt(process, &request, twice));
            async move {
                match attempt {
                    Some(attempt) => attempt.await,
                    None => std::future::pending().await,
                }
            }
        })
    }

    fn mood(&self, emitter: &str) -> Mood {
        if self.healed.load(std::sync::atomic::Ordering::Relaxed) {
            return Mood::Up;
        }
        let now = self.world.now();
        let mut moods = self.moods.lock().unwrap();
        let (mood, until) = moods.entry(emitter.to_owned()).or_insert((Mood::Up, now));
        if *until <= now {
            let (next, seconds) = self
                .world
                .draw(|chance| (chance.one_of(&MOODS), 2 + chance.below(20) as u64));
            *mood = next;
            *until = now + Duration::from_secs(seconds);
        }
        *mood
    }

    /// Draws an answer: how long it takes, and what it is.
    fn reply(&self, mood: Mood, timeout: Duration) -> (Duration, Reply) {
        let late = (timeout, Reply::Fails(AttemptErrorKind::Timeout));
        self.world.draw(|chance| {
            let quick = Duration::from_micros(500 + chance.below(40_000) as u64);
            match mood {
                Mood::Up => (quick, Reply::Status(chance.one_of(&[200, 201, 204]), None)),
                Mood::Slow => {
                    let slow = Duration::from_millis(500 + chance.below(9_000) as u64);
                    if slow < timeout {
                        (slow, Reply::Status(200, None))
                    } else {
                        late
                    }
                }
                Mood::Down => (quick, Reply::Status(chance.one_of(&[500, 503, 404]), None)),
                Mood::Flaky => (quick, Reply::Status(flaky(chance), None)),
                Mood::Refusing => (quick, Reply::Fails(AttemptErrorKind::Refused)),
                Mood::Silent => late,
                Mood::Limiting => {
                    let after = 1 + chance.below(6) as u64;
                    (
                        quick,
                        Reply::Status(chance.one_of(&[429, 503]), Some(after)),
                    )
                }
                Mood::Mute => (quick, Reply::Fails(AttemptErrorKind::Reset)),
                Mood::Gone => (quick, Reply::Status(410, None)),
            }
        })
    }

    /// The request is on its way when this is called; the future is the wait for the answer.
    fn attempt(
        self,
        process: Process,
        request: &AttemptRequest,
        twice: bool,
    ) -> impl Future<Output = Result<AttemptResponse, AttemptError>> + Send + use<> {
        let header = |name: &str| {
            let value = request.headers().get(name);
            value.map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
        };
        let emitter = request.url().path().trim_start_matches('/').to_owned();
        let (message, id) = (header("webhook-id"), header("x-webhooks-delivery"));
        let number: u32 = header("x-webhooks-attempt").parse().unwrap();
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let now = self.world.now();
        if number > 1 {
            self.world.cover("probe");
        }
        let mood = self.mood(&emitter);
        let (time, reply) = self.reply(mood, request.timeout());
        let success = matches!(reply, Reply::Status(200..=299, _));
        let copy = self.world.seen().copies.get(&message).cloned();
        let id = copy.unwrap_or(id);
        let traced = (emitter.clone(), id.clone(), number, process);
        let place = self.world.record(traced, |history| {
            // Also where the connection is refused: order is promised of what is sent.
            for _ in 0..1 + usize::from(twice) {
                history.arrivals.push(Arrival {
                    at: now,
                    emitter: emitter.clone(),
                    id: id.clone(),
                    message_id: message.clone(),
                    attempt: number,
                    body: body.clone(),
                    success,
                });
            }
            history.inside.attempts.push(Attempt {
                process,
                key: (emitter, message),
                number,
                start: now,
                end: None,
                heard: Heard::Nothing,
            });
            history.inside.attempts.len() - 1
        });
        let mut waiting = Waiting {
            world: self.world.clone(),
            place,
            is_over: false,
        };
        async move {
            sleep(time).await;
            match reply {
                Reply::Status(status, after) => {
                    waiting.ends(Heard::Status(status));
                    let mut headers = HeaderMap::new();
                    if let Some(after) = after {
                        self.world.cover("retry-after");
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
                    self.world.cover(kind_word(kind));
                    Err(AttemptError::new(kind, "simulated"))
                }
            }
        }
    }
}

fn flaky(chance: &mut Chance) -> u16 {
    chance.one_of(&[200, 500])
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

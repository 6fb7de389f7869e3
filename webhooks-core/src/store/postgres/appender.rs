//! Group commit: appends that arrive together share a statement.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    ops,
    runner::{Again, Runner, Unanswered},
    tasks::go_on,
    tx::Context,
    unheard::Unheard,
};
use crate::{
    Error, ErrorKind,
    store::{Append, Appended, NodeId},
};

/// So many statements are on their way at once. With two, each has half of the rows, and that costs more than
/// what the database does meanwhile saves.
const IN_FLIGHT: usize = 1;
/// So many deliveries are appended with one statement, and so many bytes.
const MAX_DELIVERIES: usize = 1_000;
const MAX_BYTES: usize = 4 << 20;

type Answer = oneshot::Sender<Result<Vec<Appended>, Error>>;

/// Gathers appends.
pub(super) struct Appender {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<(Append, Answer)>,
    in_flight: usize,
}

/// What appends need.
#[derive(Clone)]
pub(super) struct Way {
    pub(super) runner: Arc<Runner>,
    pub(super) cx: Arc<Context>,
    pub(super) unheard: Arc<Unheard>,
}

impl Appender {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands over a batch; what was handed over is appended also if the answer is not waited for.
    pub(super) async fn append(
        self: &Arc<Self>,
        way: &Way,
        batch: Append,
    ) -> Result<Vec<Appended>, Error> {
        let (sender, answer) = oneshot::channel();
        let begins = {
            let mut state = self.state();
            state.waiting.push_back((batch, sender));
            let begins = state.in_flight < IN_FLIGHT;
            state.in_flight += usize::from(begins);
            begins
        };
        if begins {
            let turns = Turns {
                appender: self.clone(),
                is_over: false,
            };
            go_on(turns.take(way.clone()));
        }
        // It may be in a group that was taken before.
        answer.await.unwrap_or_else(|_| Err(ended()))
    }
}

/// Appends what waits, until nothing does.
struct Turns {
    appender: Arc<Appender>,
    is_over: bool,
}

impl Turns {
    async fn take(mut self, way: Way) {
        while let Some(group) = self.next() {
            append_group(&way, group).await;
        }
    }

    /// The next group. Where there is none this is over, before anybody else can count on it.
    fn next(&mut self) -> Option<Vec<(Append, Answer)>> {
        let mut state = self.appender.state();
        let group = take_group(&mut state.waiting);
        if group.is_empty() {
            state.in_flight -= 1;
            self.is_over = true;
            return None;
        }
        Some(group)
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        // It panicked, or the runtime is shutting down.
        if !self.is_over {
            self.appender.state().in_flight -= 1;
        }
    }
}

/// The next batches that can share a statement: of one node, and without repetitions, since one of them may
/// fail, and who repeats must hear what became of the first.
fn take_group(waiting: &mut VecDeque<(Append, Answer)>) -> Vec<(Append, Answer)> {
    let mut group: Vec<(Append, Answer)> = Vec::new();
    let mut node: Option<NodeId> = None;
    let (mut deliveries, mut bytes) = (0, 0);
    let mut ids = HashSet::new();
    let mut keys = HashSet::new();
    while let Some((batch, _)) = waiting.front() {
        let more: usize = batch.messages.iter().map(|new| new.deliveries.len()).sum();
        let size: usize = batch.messages.iter().map(|new| new.message.size).sum();
        let fits = deliveries + more <= MAX_DELIVERIES && bytes + size <= MAX_BYTES;
        let same_node = node.is_none_or(|node| node == batch.node);
        let key = |new: &crate::store::NewMessage| {
            let key = new.idempotency.as_ref().map(|(key, _)| key.clone());
            key.map(|key| (new.message.tenant.clone(), key))
        };
        let repeats = batch.messages.iter().any(|new| {
            ids.contains(&new.message.id) || key(new).is_some_and(|key| keys.contains(&key))
        });
        if !group.is_empty() && (!fits || !same_node || repeats) {
            break;
        }
        node = Some(batch.node);
        deliveries += more;
        bytes += size;
        ids.extend(batch.messages.iter().map(|new| new.message.id));
        keys.extend(batch.messages.iter().filter_map(key));
        group.extend(waiting.pop_front());
    }
    group
}

async fn append_group(way: &Way, group: Vec<(Append, Answer)>) {
    let (batches, answers): (Vec<Append>, Vec<Answer>) = group.into_iter().unzip();
    match write(way, &batches).await {
        Ok(mut appended) => {
            for (batch, answer) in batches.iter().zip(answers).rev() {
                let of_batch = appended.split_off(appended.len() - batch.messages.len());
                // Whoever emitted may be gone.
                let _ = answer.send(Ok(of_batch));
            }
        }
        // What one of them did wrong is its own.
        Err(unanswered) if batches.len() > 1 && !unanswered.may_be_done => {
            for (batch, answer) in batches.into_iter().zip(answers) {
                let appended = write(way, std::slice::from_ref(&batch)).await;
                let _ = answer.send(appended.map_err(|unanswered| unanswered.error));
            }
        }
        Err(unanswered) => {
            let text = unanswered.error.to_string();
            let mut error = Some(unanswered.error);
            for answer in answers {
                let error = error.take();
                let error = error.unwrap_or_else(|| Error::new(ErrorKind::Store, text.clone()));
                let _ = answer.send(Err(error));
            }
        }
    }
}

/// Appends these batches with one statement.
async fn write(way: &Way, batches: &[Append]) -> Result<Vec<Appended>, Unanswered> {
    let Some(first) = batches.first() else {
        return Ok(Vec::new());
    };
    let (node, now) = (first.node, first.now);
    let messages: Arc<[_]> = batches
        .iter()
        .flat_map(|batch| batch.messages.iter().cloned())
        .collect();
    let (cx, of_work) = (way.cx.clone(), messages.clone());
    let appended = way
        .runner
        .run(Again::Yes, move |connection| {
            let (cx, messages) = (cx.clone(), of_work.clone());
            Box::pin(async move { ops::append(connection, &cx, node, &messages, now).await })
        })
        .await;
    if let Err(unanswered) = &appended
        && unanswered.may_be_done
    {
        let deliveries = messages.iter().flat_map(|new| &new.deliveries);
        way.unheard.append(
            node,
            deliveries.filter_map(|delivery| Some((delivery.emitter.clone(), delivery.epoch?))),
        );
    }
    appended
}

fn ended() -> Error {
    Error::new(ErrorKind::Store, "the store is shutting down")
}

//! The node's life: who it is, and until when it may act.
//!
//! - A node renews every 3 s for 12 s. One that cannot starts no attempt in the last of these seconds
//!   or later: others may take its emitters over then.
//! - One that has run out of time drops what is in flight, outcome unknown: whoever takes over sends it
//!   again. What it owns stays its own until somebody takes it, and with it the outcomes that the store
//!   does not have yet: when nobody did, what had its success is not sent again.
//! - One that finds itself dead comes back under another ID, with nothing.
//! - What several nodes must agree on, when something is due, goes by the store's clock where it has one: a
//!   node whose own differs from it corrects that at each renewal.
//! - Where a store is away for so long that all its nodes run out of time, the first to come back must not
//!   take over from those that come back a moment later: one that could not renew takes nothing at first.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep, timeout};

use super::{core::Engine, keeper};
use crate::{
    Error, ErrorKind,
    env::Timestamp,
    observe,
    store::{Lease, LeaseRequest, NODE_LIFETIME, NodeId, Renewal},
};

/// A quarter of the time for which a renewal holds.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// How long to wait after a renewal that failed.
const RETRY: Duration = Duration::from_millis(500);
/// For so long a node takes nothing after renewals had failed: longer than others pause between theirs.
const RECOVERY: Duration = Duration::from_secs(2);
/// How long after a request that failed a lease may turn up: longer than a store takes over anything.
const RECOUNT: Duration = Duration::from_secs(30);
/// Nothing starts so shortly before the time is up.
const MARGIN: Duration = Duration::from_secs(1);

/// Who this node is, and how its last renewal went.
#[derive(Debug)]
pub(crate) struct Life {
    state: Mutex<State>,
    /// Microseconds by which the store's clock is ahead of the node's.
    ahead: AtomicI64,
}

#[derive(Debug)]
struct State {
    node: NodeId,
    /// What the last renewal failed with.
    failed: Option<String>,
    /// Takes nothing before then.
    recovering_until: Option<Instant>,
    /// Until then it may own what it does not know of.
    recounts_until: Option<Instant>,
}

/// Clocks that are kept in step differ by less than this; more is put right.
const IN_STEP: i64 = 500_000;

/// By how many microseconds the store's clock is ahead of the node's, if they are not in step. The store
/// read its own between two moments of the node's clock: an answer that comes late says little, and what was
/// known before stands unless it cannot be.
fn ahead(before: i64, store: Timestamp, asked: Timestamp, answered: Timestamp) -> i64 {
    let ahead_of = |own: Timestamp| store.as_micros().saturating_sub(own.as_micros());
    let (least, most) = (ahead_of(answered), ahead_of(asked));
    let may_be = |ahead: &i64| {
        *ahead > least.saturating_sub(IN_STEP) && *ahead < most.saturating_add(IN_STEP)
    };
    let found = [before, 0].into_iter().find(may_be);
    found.unwrap_or(i64::midpoint(least, most))
}

impl Life {
    pub(super) fn new(node: NodeId) -> Self {
        Self {
            state: Mutex::new(State {
                node,
                failed: None,
                recovering_until: None,
                recounts_until: None,
            }),
            ahead: AtomicI64::new(0),
        }
    }

    /// A time of the node's clock, by the store's.
    pub(super) fn corrected(&self, time: Timestamp) -> Timestamp {
        let ahead = self.ahead.load(Relaxed);
        Timestamp::from_micros(time.as_micros().saturating_add(ahead))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it may lease what it does not own.
    pub(super) fn may_take(&self, now: Instant) -> bool {
        let until = self.state().recovering_until;
        until.is_none_or(|until| now >= until)
    }

    /// Whether it may own what it does not know of.
    pub(super) fn recounts(&self, now: Instant) -> bool {
        let until = self.state().recounts_until;
        until.is_some_and(|until| now < until)
    }

    /// Whether the store could be written when that was last tried.
    pub(super) fn check(&self) -> Result<(), Error> {
        match &self.state().failed {
            None => Ok(()),
            Some(why) => Err(Error::new(
                ErrorKind::Store,
                format!("the store takes nothing: {why}"),
            )),
        }
    }
}

impl Engine {
    /// Who this node is now.
    pub(super) fn node(&self) -> NodeId {
        self.life.state().node
    }

    /// Leases emitters. Where the answer is lost, what the node owns is counted anew for a while.
    pub(super) async fn lease(&self, request: LeaseRequest) -> Result<Vec<Lease>, Error> {
        let leased = self.store.lease(request).await;
        if leased.is_err() {
            self.life.state().recounts_until = Some(Instant::now() + RECOUNT);
        }
        leased
    }

    /// Renews the node; one that is dead comes back as another.
    pub(super) async fn renew(self: &Arc<Self>) -> Result<(), Error> {
        loop {
            let asked = Instant::now();
            // An answer that comes later than that is of no use; and what is in flight is dropped in
            // time.
            let patience = match self.scheduler().time_left(asked) {
                None => NODE_LIFETIME - MARGIN,
                Some(left) => left,
            };
            let asked_at = self.env().now();
            let renewal = self.store.renew(self.node(), self.life.corrected(asked_at));
            let renewal = match timeout(patience, renewal).await {
                Ok(renewal) => renewal,
                Err(_) => Err(Error::new(ErrorKind::Store, "the store does not answer")),
            };
            match renewal {
                Ok(Renewal::Alive { clock, .. }) => {
                    if let Some(clock) = clock {
                        let before = self.life.ahead.load(Relaxed);
                        let ahead = ahead(before, clock, asked_at, self.env().now());
                        self.life.ahead.store(ahead, Relaxed);
                    }
                    {
                        let mut life = self.life.state();
                        if life.failed.take().is_some() {
                            life.recovering_until = Some(Instant::now() + RECOVERY);
                        }
                    }
                    self.schedule(|scheduler| {
                        scheduler.awake_until(asked + NODE_LIFETIME - MARGIN);
                    });
                    return Ok(());
                }
                Ok(Renewal::Dead) => self.lose_all().await,
                Err(error) => {
                    self.life.state().failed = Some(error.to_string());
                    return Err(error);
                }
            }
        }
    }

    /// Drops what is in flight, outcome unknown; nothing starts before the node is renewed.
    async fn drop_in_flight(self: &Arc<Self>) {
        self.scheduler().sleep();
        self.workers.end().await;
        let now = Instant::now();
        self.schedule(|scheduler| scheduler.dropped_in_flight(now));
    }

    /// How long to wait before the node is renewed: a renewal whose answer came late holds for less.
    fn until_next_renewal(&self) -> Duration {
        let left = self.scheduler().time_left(Instant::now());
        left.map_or(RETRY, |left| RENEW_EVERY.min(left / 2))
    }

    async fn drop_if_time_is_up(self: &Arc<Self>) {
        if self.scheduler().runs_out(Instant::now()) {
            self.drop_in_flight().await;
            tracing::warn!(target: observe::ENGINE, node = ?self.node(), "the node's time is up: what was in flight is dropped");
        }
    }

    /// Drops all emitters at work and what is in flight, outcome unknown, and becomes another node: what
    /// the old one owned is free to be taken over, by this one too.
    async fn lose_all(self: &Arc<Self>) {
        self.drop_in_flight().await;
        self.scheduler().lose_all();
        let node = NodeId::generate(self.env());
        tracing::warn!(target: observe::ENGINE, old = ?self.node(), new = ?node, "the node is dead: coming back as a new one");
        self.life.state().node = node;
    }
}

pub(super) async fn run(engine: Arc<Engine>) {
    // Much of the first one's time may be gone, if the store was slow to answer.
    let mut pause = engine.until_next_renewal();
    loop {
        sleep(pause).await;
        let before = engine.node();
        // It may have run out between two tries, or while the whole process slept.
        engine.drop_if_time_is_up().await;
        let result = engine.renew().await;
        pause = engine.until_next_renewal();
        if let Err(error) = result {
            tracing::warn!(target: observe::STORE, %error, "the node cannot be renewed");
            engine.drop_if_time_is_up().await;
            pause = pause.min(RETRY);
        } else if engine.node() != before && engine.options.deliver {
            // Not awaited: a store that answers late must not hold up the next renewal.
            engine.tasks.spawn(keeper::look(engine.clone()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known after an answer of a store that is ahead by the second, which took from `asked` to
    /// `answered` by the node's clock; the store read its own at `read`. All in milliseconds.
    fn known(before: i64, ahead_by: i64, [asked, read, answered]: [i64; 3]) -> i64 {
        let at = |ms: i64| Timestamp::from_micros(ms * 1_000);
        let store = at(read + ahead_by);
        ahead(before * 1_000, store, at(asked), at(answered)) / 1_000
    }

    #[test]
    fn clocks_in_step_are_left_alone() {
        assert_eq!(known(0, 499, [0, 1, 2]), 0);
        assert_eq!(known(0, -499, [0, 1, 2]), 0);
    }

    #[test]
    fn clocks_that_differ_are_corrected() {
        assert_eq!(known(0, 10_000, [0, 1, 2]), 10_000);
        assert_eq!(known(0, -10_000, [0, 1, 2]), -10_000);
        assert_eq!(known(10_000, 0, [0, 1, 2]), 0);
        assert_eq!(known(10_000, 10_499, [0, 1, 2]), 10_000);
    }

    #[test]
    fn a_late_answer_changes_nothing_that_it_allows() {
        assert_eq!(known(0, 0, [0, 1, 8_000]), 0);
        assert_eq!(known(0, 0, [0, 7_999, 8_000]), 0);
        assert_eq!(known(10_000, 10_000, [0, 7_999, 8_000]), 10_000);
        // Nor does it say much where it does not.
        assert_eq!(known(0, 10_000, [0, 0, 8_000]), 6_000);
    }
}

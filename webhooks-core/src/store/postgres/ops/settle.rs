//! Writing down what became of attempts.

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        tx::{Context, ask, get},
    },
    attempts::{AttemptColumns, bind_attempts},
    claims::Claims,
    settle_more::settle_more,
};
use crate::{
    env::Timestamp,
    store::{
        Reason, Settle, SettleOutcome, Settlement,
        end::{End, state_code},
        stats::hour_of,
    },
};

/// Settles a batch.
///
/// In the usual case that is one statement. A delivery that comes twice is settled in two rounds, and what
/// its emitter sent after it in the second: a crash between them costs a lane the end of what it had sent.
pub(in super::super) async fn settle(
    connection: &mut PgConnection,
    cx: &Context,
    batch: &Settle,
) -> Result<Vec<SettleOutcome>, Failure> {
    let mut outcomes = vec![SettleOutcome::Settled; batch.settlements.len()];
    let mut left: Vec<usize> = (0..batch.settlements.len()).collect();
    let mut is_first = true;
    while !left.is_empty() || is_first {
        let mut seen = HashSet::new();
        let mut deferred = HashSet::new();
        let (round, later) = left.into_iter().partition(|at| {
            let key = &batch.settlements[*at].key;
            let now = !deferred.contains(&key.emitter) && seen.insert(key);
            if !now {
                deferred.insert(&key.emitter);
            }
            now
        });
        left = later;
        settle_round(connection, cx, batch, &round, is_first, &mut outcomes).await?;
        is_first = false;
    }
    Ok(outcomes)
}

/// Settles those at these places, no delivery twice. What was attempted before comes first: it was queued
/// before the others of its lane, and should not be seen to end after them.
async fn settle_round(
    connection: &mut PgConnection,
    cx: &Context,
    batch: &Settle,
    round: &[usize],
    with_health: bool,
    outcomes: &mut [SettleOutcome],
) -> Result<(), Failure> {
    let is_first = |at: &usize| batch.settlements[*at].attempt.number == 1;
    let (firsts, others): (Vec<usize>, Vec<usize>) = round.iter().partition(|at| is_first(at));
    settle_others(connection, cx, batch, others, outcomes).await?;
    if firsts.is_empty() && !with_health {
        return Ok(());
    }
    let mut rest = Vec::new();
    for (at, is_owned) in settle_first(connection, cx, batch, &firsts, with_health).await? {
        if is_owned {
            rest.push(at);
        } else {
            outcomes[at] = SettleOutcome::Fenced;
        }
    }
    settle_others(connection, cx, batch, rest, outcomes).await
}

/// Settles what needs a look at its row.
async fn settle_others(
    connection: &mut PgConnection,
    cx: &Context,
    batch: &Settle,
    places: Vec<usize>,
    outcomes: &mut [SettleOutcome],
) -> Result<(), Failure> {
    if places.is_empty() {
        return Ok(());
    }
    let settlements: Vec<&Settlement> = places.iter().map(|at| &batch.settlements[*at]).collect();
    let settled = settle_more(connection, cx, batch.node, &settlements, batch.now).await?;
    for (at, outcome) in places.into_iter().zip(settled) {
        outcomes[at] = outcome;
    }
    Ok(())
}

/// Settles first attempts of deliveries that nothing happened to meanwhile; returns the places of the
/// others, and whether the node owns their emitters.
async fn settle_first(
    connection: &mut PgConnection,
    cx: &Context,
    batch: &Settle,
    round: &[usize],
    with_health: bool,
) -> Result<Vec<(usize, bool)>, Failure> {
    let health = if with_health { &*batch.health } else { &[] };
    let settlements = round.iter().map(|at| &batch.settlements[*at]);
    let claims: Claims<'_> = settlements
        .clone()
        .map(|settlement| (&settlement.key.emitter, settlement.epoch))
        .chain(health.iter().map(|(emitter, epoch, _)| (emitter, *epoch)))
        .collect();
    let mut columns = Columns::default();
    settlements.for_each(|settlement| columns.push(settlement));
    let query = ask(&cx.sql.settle_first)
        .bind(columns.emitter)
        .bind(columns.epoch)
        .bind(columns.message_id)
        .bind(columns.seq)
        .bind(columns.state)
        .bind(columns.reason)
        .bind(columns.attempts)
        .bind(columns.attempts_since_queued)
        .bind(columns.first_attempt_at)
        .bind(columns.due);
    let rows = bind_attempts!(query, columns.attempt)
        .bind(claims.emitters())
        .bind(claims.epochs())
        .bind(batch.node.as_uuid())
        .bind(batch.now.as_micros());
    let (mut emitters, mut epochs) = (Vec::new(), Vec::new());
    let (mut failures, mut cooling, mut since) = (Vec::new(), Vec::new(), Vec::new());
    for (emitter, epoch, health) in health {
        emitters.push(emitter.as_str());
        epochs.push(epoch.cast_signed());
        failures.push(health.consecutive_failures.cast_signed());
        cooling.push(health.cooling_until.map(Timestamp::as_micros));
        since.push(health.failing_since.map(Timestamp::as_micros));
    }
    let rows = rows
        .bind(emitters)
        .bind(epochs)
        .bind(failures)
        .bind(cooling)
        .bind(since)
        .bind(hour_of(batch.now))
        .fetch_all(connection)
        .await?;
    rows.iter()
        .map(|row| {
            let place: i64 = get(row, 0)?;
            Ok((round[place as usize - 1], get(row, 1)?))
        })
        .collect()
}

/// The columns of settlements, one behind the other.
#[derive(Default)]
struct Columns<'a> {
    emitter: Vec<&'a str>,
    epoch: Vec<i64>,
    message_id: Vec<Uuid>,
    seq: Vec<i64>,
    state: Vec<i16>,
    reason: Vec<Option<&'static str>>,
    attempts: Vec<i32>,
    attempts_since_queued: Vec<i32>,
    first_attempt_at: Vec<Option<i64>>,
    due: Vec<Option<i64>>,
    attempt: AttemptColumns<'a>,
}

impl<'a> Columns<'a> {
    fn push(&mut self, settlement: &'a Settlement) {
        let Settlement {
            key,
            seq,
            epoch,
            attempt,
            verdict,
        } = settlement;
        self.emitter.push(key.emitter.as_str());
        self.epoch.push(epoch.cast_signed());
        self.message_id.push(key.message_id.as_uuid());
        self.seq.push(seq.cast_signed());
        let end = End::of(verdict);
        self.state
            .push(end.map_or(0, |end| state_code(end.state())));
        let reason = end.ok().and_then(End::reason);
        self.reason.push(reason.map(Reason::as_str));
        let progress = end.err();
        let attempts = progress.map_or(attempt.number, |progress| progress.attempts);
        self.attempts.push(attempts.cast_signed());
        let since_queued = progress.map_or(0, |progress| progress.attempts_since_queued);
        self.attempts_since_queued.push(since_queued.cast_signed());
        let first = progress.and_then(|progress| progress.first_attempt_at);
        self.first_attempt_at.push(first.map(Timestamp::as_micros));
        self.due
            .push(progress.map(|progress| progress.due.as_micros()));
        self.attempt.push(attempt);
    }
}

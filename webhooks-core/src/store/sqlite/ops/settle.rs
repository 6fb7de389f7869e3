//! Writing down what became of attempts.

use rusqlite::params;

use super::super::{failure::Failure, tx::Tx};
use super::find::{self, Found};
use crate::{
    delivery::{Attempt, DeliveryState, Progress},
    env::Timestamp,
    store::{
        NodeId, Reason, Settle, SettleOutcome, Settlement, Verdict,
        end::{End, state_code},
    },
};

/// Settles a batch.
pub(in super::super) fn settle(
    tx: &mut Tx<'_>,
    batch: &Settle,
) -> Result<Vec<SettleOutcome>, Failure> {
    let mut outcomes = Vec::with_capacity(batch.settlements.len());
    for settlement in &batch.settlements {
        outcomes.push(settle_one(tx, batch.node, settlement, batch.now)?);
    }
    for (emitter, epoch, health) in &batch.health {
        if tx.target(emitter)?.is_owned_by(batch.node, *epoch) {
            tx.execute(
                &tx.sql().set_health,
                params![
                    emitter.as_str(),
                    health.consecutive_failures,
                    health.cooling_until.map(Timestamp::as_micros),
                    health.failing_since.map(Timestamp::as_micros),
                ],
            )?;
        }
    }
    Ok(outcomes)
}

fn settle_one(
    tx: &mut Tx<'_>,
    node: NodeId,
    settlement: &Settlement,
    now: Timestamp,
) -> Result<SettleOutcome, Failure> {
    let Settlement {
        key,
        seq,
        epoch,
        attempt,
        verdict,
    } = settlement;
    let target = tx.target(&key.emitter)?;
    if !target.is_owned_by(node, *epoch) {
        return Ok(SettleOutcome::Fenced);
    }
    if let Some(generation) = target.generation
        && settle_first(tx, settlement, generation, now)?
    {
        return Ok(SettleOutcome::Settled);
    }
    let Some(mut found) = find::find_current(tx, key.message_id, &key.emitter, now)? else {
        return Ok(SettleOutcome::Gone);
    };
    if has(tx, settlement, &found)? {
        let stands = End::is_of(verdict, found.state, found.reason);
        return Ok(if found.seq == *seq && stands {
            SettleOutcome::Settled
        } else {
            SettleOutcome::Superseded
        });
    }
    record(tx, &found, attempt)?;
    if found.state != DeliveryState::Pending || found.seq != *seq {
        if *verdict == Verdict::Delivered && found.state == DeliveryState::Discarded {
            find::close(tx, &key.emitter, &mut found, End::Delivered, now)?;
        }
        return Ok(SettleOutcome::Superseded);
    }
    match End::of(verdict) {
        Ok(end) => find::close(tx, &key.emitter, &mut found, end, now)?,
        Err(progress) => set_progress(tx, &found, &progress)?,
    }
    Ok(SettleOutcome::Settled)
}

/// Settles the first attempt of a delivery that nothing happened to meanwhile, with one statement;
/// `false` if it is not such a one.
fn settle_first(
    tx: &mut Tx<'_>,
    settlement: &Settlement,
    generation: u64,
    now: Timestamp,
) -> Result<bool, Failure> {
    let Settlement {
        key,
        seq,
        attempt,
        verdict,
        ..
    } = settlement;
    let end = End::of(verdict);
    let (attempts, since_queued, first, due) = match end {
        Ok(_) => (attempt.number, 0, None, None),
        Err(progress) => (
            progress.attempts,
            progress.attempts_since_queued,
            progress.first_attempt_at.map(Timestamp::as_micros),
            Some(progress.due.as_micros()),
        ),
    };
    let (state, reason, settled_at) = match end {
        Ok(end) => (end.state(), end.reason(), Some(now.as_micros())),
        Err(_) => (DeliveryState::Pending, None, None),
    };
    let failure = attempt.failure();
    let changed = tx.execute(
        &tx.sql().settle_first,
        params![
            *seq as i64,
            key.message_id.as_uuid().as_bytes(),
            generation as i64,
            state_code(state),
            reason.map(Reason::as_str),
            settled_at,
            attempts,
            since_queued,
            first,
            due,
            attempt.number,
            attempt.started_at.as_micros(),
            micros(attempt),
            attempt.status(),
            failure.map(|failure| failure.kind.as_str()),
            failure.map(|failure| &*failure.message),
            &*attempt.url,
            attempt.remote_addr.map(|addr| addr.to_string()),
            attempt.response_truncated,
            attempt.response_headers.as_str(),
            &*attempt.response_body,
        ],
    )?;
    if changed == 0 {
        return Ok(false);
    }
    if let Ok(end) = end {
        tx.count(&key.emitter, now, end.change(true));
    }
    Ok(true)
}

/// Whether this attempt was recorded before: its settlement was sent again.
fn has(tx: &Tx<'_>, settlement: &Settlement, found: &Found) -> Result<bool, Failure> {
    let Settlement { key, attempt, .. } = settlement;
    if found.latest.is_none() {
        return Ok(false);
    }
    if found.latest == Some((attempt.number, attempt.started_at)) {
        return Ok(true);
    }
    tx.value(
        &tx.sql().has_attempt,
        params![
            key.message_id.as_uuid().as_bytes(),
            key.emitter.as_str(),
            attempt.started_at.as_micros(),
            attempt.number
        ],
    )
}

/// Adds an attempt; the numbers of later ones go on behind it.
fn record(tx: &Tx<'_>, found: &Found, attempt: &Attempt) -> Result<(), Failure> {
    let seq = found.seq as i64;
    if found.latest.is_some() {
        tx.execute(&tx.sql().move_attempt, [seq])?;
    }
    let failure = attempt.failure();
    tx.execute(
        &tx.sql().record_attempt,
        params![
            seq,
            attempt.number,
            attempt.started_at.as_micros(),
            micros(attempt),
            attempt.status(),
            failure.map(|failure| failure.kind.as_str()),
            failure.map(|failure| &*failure.message),
            &*attempt.url,
            attempt.remote_addr.map(|addr| addr.to_string()),
            attempt.response_truncated,
            attempt.response_headers.as_str(),
            &*attempt.response_body,
        ],
    )?;
    Ok(())
}

fn set_progress(tx: &Tx<'_>, found: &Found, progress: &Progress) -> Result<(), Failure> {
    tx.execute(
        &tx.sql().set_progress,
        params![
            found.seq as i64,
            progress.attempts,
            progress.attempts_since_queued,
            progress.first_attempt_at.map(Timestamp::as_micros),
            progress.due.as_micros()
        ],
    )?;
    Ok(())
}

fn micros(attempt: &Attempt) -> i64 {
    i64::try_from(attempt.duration.as_micros()).unwrap_or(i64::MAX)
}

//! Settling what is not a first attempt, or what something happened to meanwhile.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        rows,
        tx::{Context, Tx, ask, get},
    },
    claims::Claims,
    find::reason_to_discard,
    settle_writes::Writes,
};
use crate::{
    delivery::{DeliveryState, DiscardReason, Seq},
    emitter::EmitterId,
    env::Timestamp,
    store::{Epoch, NodeId, Reason, SettleOutcome, Settlement, Verdict, end::End},
};

/// Where a delivery stands.
struct Found {
    seq: Seq,
    generation: u64,
    state: DeliveryState,
    reason: Option<Reason>,
    has_attempts: bool,
    /// The settlement was sent again: this attempt is there.
    has_this: bool,
}

/// Settles these, no delivery twice; an outcome for each. One transaction of few statements, however many
/// there are.
pub(super) async fn settle_more(
    connection: &mut PgConnection,
    cx: &Context,
    node: NodeId,
    settlements: &[&Settlement],
    now: Timestamp,
) -> Result<Vec<SettleOutcome>, Failure> {
    let mut tx = Tx::begin(connection, cx, now).await?;
    let owned = owned(&mut tx, node, settlements).await?;
    let found = look(&mut tx, settlements).await?;
    let mut writes = Writes::default();
    let mut outcomes = Vec::with_capacity(settlements.len());
    for (at, settlement) in settlements.iter().enumerate() {
        let emitter = &settlement.key.emitter;
        let outcome = match (owned.get(&(emitter, settlement.epoch)), found.get(&at)) {
            (None, _) => SettleOutcome::Fenced,
            (Some(_), None) => SettleOutcome::Gone,
            (Some(generation), Some(found)) => {
                let discarded = discarded(&mut tx, emitter, *generation, found).await?;
                decide(&mut tx, &mut writes, settlement, found, discarded)
            }
        };
        outcomes.push(outcome);
    }
    writes.write(&mut tx, now).await?;
    tx.commit().await?;
    Ok(outcomes)
}

/// The generations of what the node owns, up to the commit.
async fn owned<'s>(
    tx: &mut Tx<'_>,
    node: NodeId,
    settlements: &[&'s Settlement],
) -> Result<HashMap<(&'s EmitterId, Epoch), Option<u64>>, Failure> {
    let claims = settlements
        .iter()
        .map(|settlement| (&settlement.key.emitter, settlement.epoch));
    let by_name: HashMap<&str, &EmitterId> = claims
        .clone()
        .map(|(emitter, _)| (emitter.as_str(), emitter))
        .collect();
    let claims: Claims<'_> = claims.collect();
    let rows = ask(&tx.cx.sql.own)
        .bind(claims.emitters())
        .bind(claims.epochs())
        .bind(node.as_uuid())
        .fetch_all(tx.connection())
        .await?;
    let mut owned = HashMap::new();
    for row in &rows {
        if let Some(emitter) = by_name.get(get::<&str>(row, 0)?) {
            let generation: Option<i64> = get(row, 2)?;
            owned.insert(
                (*emitter, rows::number(row, 1)?),
                generation.map(i64::cast_unsigned),
            );
        }
    }
    Ok(owned)
}

/// Where these deliveries stand, by their places in the list; locked up to the commit.
async fn look(
    tx: &mut Tx<'_>,
    settlements: &[&Settlement],
) -> Result<HashMap<usize, Found>, Failure> {
    let column = |of: fn(&Settlement) -> i64| settlements.iter().map(|s| of(s)).collect::<Vec<_>>();
    let ids: Vec<Uuid> = settlements
        .iter()
        .map(|settlement| settlement.key.message_id.as_uuid())
        .collect();
    let emitters: Vec<&str> = settlements
        .iter()
        .map(|settlement| settlement.key.emitter.as_str())
        .collect();
    let numbers: Vec<i32> = settlements
        .iter()
        .map(|settlement| settlement.attempt.number.cast_signed())
        .collect();
    let rows = ask(&tx.cx.sql.settle_look)
        .bind(ids)
        .bind(emitters)
        .bind(column(|settlement| {
            settlement.attempt.started_at.as_micros()
        }))
        .bind(numbers)
        .fetch_all(tx.connection())
        .await?;
    let mut found = HashMap::new();
    for row in &rows {
        let place: i64 = get(row, 0)?;
        let at = place as usize - 1;
        let state = rows::state(row, 3)?;
        let number: Option<i32> = get(row, 5)?;
        let latest = number.zip(get::<Option<i64>>(row, 6)?);
        let attempt = &settlements[at].attempt;
        let this = (attempt.number.cast_signed(), attempt.started_at.as_micros());
        found.insert(
            at,
            Found {
                seq: rows::number(row, 1)?,
                generation: rows::number(row, 2)?,
                state,
                reason: rows::reason(row, 4, state)?,
                has_attempts: latest.is_some(),
                has_this: latest == Some(this) || get(row, 7)?,
            },
        );
    }
    Ok(found)
}

/// Why a delivery is discarded that is pending under an old generation.
async fn discarded(
    tx: &mut Tx<'_>,
    emitter: &EmitterId,
    current: Option<u64>,
    found: &Found,
) -> Result<Option<DiscardReason>, Failure> {
    if found.state != DeliveryState::Pending || current == Some(found.generation) {
        return Ok(None);
    }
    let generation = found.generation;
    let reason = reason_to_discard(tx, emitter, generation, current).await?;
    Ok(Some(reason))
}

/// What becomes of a delivery, as `discarded` if it is that by now.
fn decide<'s>(
    tx: &mut Tx<'_>,
    writes: &mut Writes<'s>,
    settlement: &'s Settlement,
    found: &Found,
    discarded: Option<DiscardReason>,
) -> SettleOutcome {
    let emitter = &settlement.key.emitter;
    let verdict = &settlement.verdict;
    let discarded = discarded.map(End::from);
    let (state, reason) = match discarded {
        Some(end) => (end.state(), end.reason()),
        None => (found.state, found.reason),
    };
    if found.has_this {
        if let Some(end) = discarded {
            tx.count(emitter, end.change(true));
            writes.close(settlement, end);
        }
        let stands = End::is_of(verdict, state, reason);
        return if found.seq == settlement.seq && stands {
            SettleOutcome::Settled
        } else {
            SettleOutcome::Superseded
        };
    }
    let (next, outcome) = if state == DeliveryState::Pending && found.seq == settlement.seq {
        (Some(End::of(verdict)), SettleOutcome::Settled)
    } else if *verdict == Verdict::Delivered && state == DeliveryState::Discarded {
        (Some(Ok(End::Delivered)), SettleOutcome::Superseded)
    } else {
        (discarded.map(Ok), SettleOutcome::Superseded)
    };
    if let Some(end) = discarded {
        tx.count(emitter, end.change(true));
    }
    if let Some(Ok(end)) = next
        && discarded != Some(end)
    {
        tx.count(emitter, end.change(state == DeliveryState::Pending));
    }
    writes.record(settlement, found.has_attempts, next);
    outcome
}

//! Discarding: one delivery, or backlogs part by part.

use sqlx::PgConnection;

use super::{
    super::{
        failure::Failure,
        rows,
        tx::{Context, Tx, ask, get},
    },
    find,
    record::record,
};
use crate::{
    delivery::{DeliveryKey, DeliveryState, DiscardReason},
    emitter::EmitterId,
    env::Timestamp,
    store::{
        DiscardOutcome,
        stats::{Change, Settled},
    },
};

/// So many deliveries are discarded in one transaction: more would hold others up.
const PART: u64 = 1_000;

/// Discards a pending delivery.
pub(in super::super) async fn discard(
    connection: &mut PgConnection,
    cx: &Context,
    key: &DeliveryKey,
    now: Timestamp,
) -> Result<DiscardOutcome, Failure> {
    let mut tx = Tx::begin(connection, cx, now).await?;
    let Some(mut found) = find::find_current(&mut tx, key, now).await? else {
        return Ok(DiscardOutcome::NotFound);
    };
    let pending = found.state == DeliveryState::Pending;
    if pending {
        let reason = DiscardReason::Skipped.into();
        find::close(&mut tx, key, &mut found, reason, now).await?;
        tx.tell_others();
    }
    let record = record(tx.connection(), cx, key).await?;
    tx.commit().await?;
    Ok(match record {
        None => DiscardOutcome::NotFound,
        Some(record) if pending => DiscardOutcome::Discarded(record),
        Some(record) => DiscardOutcome::NotPending(record),
    })
}

/// A backlog that is being discarded: whatever is pending under a generation before this one.
struct Backlog {
    emitter: String,
    generation: i64,
    reason: String,
    discarded_at: i64,
    /// Something of it is pending.
    has_more: bool,
    /// Whoever knew an older generation has heard of this one, or is in a transaction.
    is_ripe: bool,
    /// These transactions have ended.
    is_over: bool,
}

/// Discards the next part of what is taken down of this emitter, or of any; `false` if nothing is left that
/// is not in somebody else's hands.
///
/// A transaction whose appender knew an older generation may commit long after the discard: what was taken
/// down stays until that cannot be any more.
pub(in super::super) async fn go_on(
    connection: &mut PgConnection,
    cx: &Context,
    emitter: Option<&EmitterId>,
) -> Result<bool, Failure> {
    let found = ask(&cx.sql.discards)
        .bind(emitter.map(EmitterId::as_str))
        .fetch_all(&mut *connection)
        .await?;
    for row in &found {
        let backlog = Backlog {
            emitter: get(row, 0)?,
            generation: get(row, 1)?,
            reason: get(row, 2)?,
            discarded_at: get(row, 3)?,
            has_more: get(row, 4)?,
            is_ripe: get(row, 5)?,
            is_over: get(row, 6)?,
        };
        if backlog.has_more {
            if backlog.discard_part(connection, cx).await? {
                return Ok(true);
            }
        } else if backlog.is_ripe || backlog.is_over {
            let sql = &cx.sql;
            let statement = if backlog.is_over {
                &sql.delete_discard
            } else {
                &sql.fence_discard
            };
            ask(statement)
                .bind(&*backlog.emitter)
                .bind(backlog.generation)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(false)
}

impl Backlog {
    /// Whether anything was discarded.
    async fn discard_part(
        &self,
        connection: &mut PgConnection,
        cx: &Context,
    ) -> Result<bool, Failure> {
        let emitter = rows::parsed("an emitter's ID", EmitterId::new(&*self.emitter))?;
        let now = Timestamp::from_micros(self.discarded_at);
        let mut tx = Tx::begin(connection, cx, now).await?;
        let discarded = ask(&cx.sql.discard_some)
            .bind(&*self.emitter)
            .bind(self.generation)
            .bind(&*self.reason)
            .bind(self.discarded_at)
            .bind(PART.cast_signed())
            .execute(tx.connection())
            .await?
            .rows_affected();
        if discarded == 0 {
            return Ok(false);
        }
        let settled = Settled {
            discarded,
            ..Settled::default()
        };
        let pending = -discarded.cast_signed();
        tx.count(&emitter, Change { pending, settled });
        tx.commit().await?;
        Ok(true)
    }
}

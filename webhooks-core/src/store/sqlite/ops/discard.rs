//! Discarding: one delivery, or a backlog part by part.

use rusqlite::params;

use super::super::{failure::Failure, rows, tx::Tx};
use super::{find, list};
use crate::{
    delivery::{DeliveryKey, DeliveryState, DiscardReason, Seq},
    emitter::EmitterId,
    env::Timestamp,
    store::{
        DiscardOutcome,
        stats::{Change, Settled},
    },
};

/// So many deliveries are discarded in one transaction: more would hold others up.
const PART: usize = 1_000;

/// Discards a pending delivery.
pub(in super::super) fn discard(
    tx: &mut Tx<'_>,
    key: &DeliveryKey,
    now: Timestamp,
) -> Result<DiscardOutcome, Failure> {
    let Some(mut found) = find::find_current(tx, key.message_id, &key.emitter, now)? else {
        return Ok(DiscardOutcome::NotFound);
    };
    let pending = found.state == DeliveryState::Pending;
    if pending {
        let reason = DiscardReason::Skipped.into();
        find::close(tx, &key.emitter, &mut found, reason, now)?;
        tx.for_others = true;
    }
    Ok(match list::record(tx, key)? {
        None => DiscardOutcome::NotFound,
        Some(record) if pending => DiscardOutcome::Discarded(record),
        Some(record) => DiscardOutcome::NotPending(record),
    })
}

/// Discards the first part of an emitter's backlog, and takes down what is left of it. The caller has
/// begun a new generation, so that nothing of it is loaded any more.
pub(in super::super) fn begin_discard(
    tx: &mut Tx<'_>,
    emitter: &EmitterId,
    reason: DiscardReason,
    now: Timestamp,
) -> Result<(), Failure> {
    let last: Option<i64> = tx.value(&tx.sql().last_pending, [emitter.as_str()])?;
    let Some(last) = last else { return Ok(()) };
    // What an earlier discard has not come to yet is that one's.
    let first = Backlog::next(tx, Some(emitter))?.is_none();
    let backlog = Backlog {
        emitter: emitter.clone(),
        last,
        reason,
        discarded_at: now,
    };
    if !(first && backlog.discard_part(tx)?) {
        tx.execute(
            &tx.sql().put_discard,
            params![emitter.as_str(), last, reason.as_str(), now.as_micros()],
        )?;
    }
    Ok(())
}

/// Discards the next part of what is taken down of this emitter, or of any; `false` if nothing is.
pub(in super::super) fn go_on(
    tx: &mut Tx<'_>,
    emitter: Option<&EmitterId>,
) -> Result<bool, Failure> {
    let Some(backlog) = Backlog::next(tx, emitter)? else {
        return Ok(false);
    };
    if backlog.discard_part(tx)? {
        let params = params![backlog.emitter.as_str(), backlog.last];
        tx.execute(&tx.sql().delete_discard, params)?;
    }
    Ok(true)
}

/// Why a delivery is being discarded that is in such a backlog.
pub(super) fn reason(
    tx: &Tx<'_>,
    emitter: &EmitterId,
    seq: Seq,
) -> Result<Option<DiscardReason>, Failure> {
    let params = params![emitter.as_str(), seq as i64];
    let reason: Option<String> = tx.find(&tx.sql().discard_reason, params, |row| row.get(0))?;
    let reason = rows::optional("a reason", reason.as_deref(), str::parse);
    Ok(reason?)
}

/// A backlog that is being discarded.
struct Backlog {
    emitter: EmitterId,
    last: i64,
    reason: DiscardReason,
    discarded_at: Timestamp,
}

impl Backlog {
    fn next(tx: &Tx<'_>, emitter: Option<&EmitterId>) -> Result<Option<Self>, Failure> {
        let mut statement;
        let mut found = match emitter {
            Some(emitter) => {
                statement = tx.prepare(&tx.sql().discard_of)?;
                statement.query([emitter.as_str()])?
            }
            None => {
                statement = tx.prepare(&tx.sql().next_discard)?;
                statement.query([])?
            }
        };
        let Some(row) = found.next()? else {
            return Ok(None);
        };
        let reason: String = row.get(2)?;
        Ok(Some(Self {
            emitter: rows::emitter_id(row, 0)?,
            last: row.get(1)?,
            reason: rows::parsed("a reason", reason.parse())?,
            discarded_at: rows::time(row, 3)?,
        }))
    }

    /// Whether nothing is left of it.
    fn discard_part(&self, tx: &mut Tx<'_>) -> Result<bool, Failure> {
        let now = self.discarded_at;
        let discarded = tx.execute(
            &tx.sql().discard_some,
            params![
                self.emitter.as_str(),
                self.last,
                self.reason.as_str(),
                now.as_micros(),
                PART as i64
            ],
        )?;
        let change = Change {
            pending: -(discarded as i64),
            settled: Settled {
                discarded: discarded as u64,
                ..Settled::default()
            },
        };
        if discarded > 0 {
            tx.count(&self.emitter, now, change);
        }
        Ok(discarded < PART)
    }
}

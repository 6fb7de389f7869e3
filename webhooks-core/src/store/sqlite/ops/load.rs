//! Loading what is pending.

use std::sync::Arc;

use rusqlite::{Row, params};

use super::super::{failure::Failure, rows, tx::Tx};
use crate::{
    delivery::{Message, Progress, Seq},
    store::{Load, Loaded, PendingRow, lane_by_hash, rows::Damaged},
};

/// What a load finds at first.
pub(in super::super) enum FirstLook {
    /// The answer.
    Loaded(Loaded),
    /// The emitter is marked, and all of it is asked for: the mark is to be cleared before the rows are
    /// read.
    Marked,
}

/// Loads, unless the emitter is marked.
pub(in super::super) fn load_unmarked(tx: &Tx<'_>, load: &Load) -> Result<FirstLook, Failure> {
    Ok(match ownership(tx, load)? {
        None => FirstLook::Loaded(Loaded::NotOwner),
        Some((_, true)) if load.is_from_zero() => FirstLook::Marked,
        Some((_, true)) => FirstLook::Loaded(Loaded::Marked),
        Some((generation, false)) => FirstLook::Loaded(read(tx, load, generation)?),
    })
}

/// Clears the mark, where the node is the owner still.
pub(in super::super) fn clear_mark(tx: &mut Tx<'_>, load: &Load) -> Result<(), Failure> {
    if let Some((_, true)) = ownership(tx, load)? {
        tx.execute(&tx.sql().unmark, [load.emitter.as_str()])?;
        tx.forget_target(&load.emitter);
    }
    Ok(())
}

/// Loads, whether or not the emitter has been marked again.
pub(in super::super) fn load_marked(tx: &Tx<'_>, load: &Load) -> Result<Loaded, Failure> {
    match ownership(tx, load)? {
        None => Ok(Loaded::NotOwner),
        Some((generation, _)) => read(tx, load, generation),
    }
}

/// The emitter's generation and whether it is marked; `None` where the node is not its owner.
fn ownership(tx: &Tx<'_>, load: &Load) -> Result<Option<(Option<i64>, bool)>, Failure> {
    let node = load.node.as_uuid();
    tx.find(
        &tx.sql().is_owner,
        params![load.emitter.as_str(), node.as_bytes(), load.epoch as i64],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn read(tx: &Tx<'_>, load: &Load, generation: Option<i64>) -> Result<Loaded, Failure> {
    let mut found = Vec::new();
    let mut bytes = 0;
    let mut statement = tx.prepare(&tx.sql().load)?;
    let mut pending = statement.query(params![
        load.emitter.as_str(),
        load.after as i64,
        generation
    ])?;
    while let Some(row) = pending.next()? {
        let seq = row.get::<_, i64>(0)? as Seq;
        let lane = lane_by_hash(seq, row.get(2)?, load.lanes);
        if load.only.as_ref().is_some_and(|only| !only.contains(&lane)) {
            continue;
        }
        if found.len() >= load.limit || (bytes >= load.max_bytes && !found.is_empty()) {
            return Ok(Loaded::Rows {
                rows: found,
                more: true,
            });
        }
        let message = message_of(tx, row)?;
        bytes += message.body.as_ref().map_or(0, |body| body.len());
        found.push(PendingRow {
            seq,
            message: Arc::new(message),
            progress: Progress {
                attempts: row.get(3)?,
                attempts_since_queued: row.get(4)?,
                first_attempt_at: rows::optional_time(row, 5)?,
                due: rows::time(row, 6)?,
            },
        });
    }
    Ok(Loaded::Rows {
        rows: found,
        more: false,
    })
}

fn message_of(tx: &Tx<'_>, delivery: &Row<'_>) -> Result<Message, Failure> {
    let place: i64 = delivery.get(1)?;
    let own_body: Option<Vec<u8>> = delivery.get(7)?;
    let mut statement = tx.prepare(&tx.sql().message_by_place)?;
    let mut found = statement.query([place])?;
    let Some(row) = found.next()? else {
        let damaged = Damaged::new("a delivery", &"its message is not there");
        return Err(damaged.into());
    };
    let mut message = rows::message(row, 0)?;
    if let Some(body) = own_body {
        message.body = Some(body.into());
    }
    Ok(message)
}

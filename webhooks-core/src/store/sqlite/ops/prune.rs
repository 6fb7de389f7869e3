//! Forgetting what is old, part by part.

use std::time::Duration;

use rusqlite::params;
use uuid::Uuid;

use super::super::{failure::Failure, tx::Tx};
use super::{discard, tally};
use crate::{
    env::Timestamp,
    store::{
        NodeId, Prune, Pruned,
        ids::ceiling_id,
        prune_job::{self, PART, Phase, SMALL},
        stats::{Change, Settled, first_hour_told_apart},
    },
};

/// Nodes without leases are remembered for so long, so that they are told that they are dead.
const NODES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How far the looking has come.
pub(in super::super) type Places = prune_job::Places<[u8; 16]>;

/// One call, on its way.
pub(in super::super) struct PruneJob(prune_job::PruneJob<[u8; 16]>);

impl PruneJob {
    pub(in super::super) fn new(prune: Prune, places: Places) -> Self {
        Self(prune_job::PruneJob::new(prune, places))
    }

    /// Does a part, in a transaction of its own; what was forgotten, and where to go on, once all is
    /// done.
    pub(in super::super) fn step(
        &mut self,
        tx: &mut Tx<'_>,
    ) -> Result<Option<(Pruned, Places)>, Failure> {
        self.0.phase = match self.0.phase {
            Phase::Discards => match discard::go_on(tx, None)? {
                true => Phase::Discards,
                false => Phase::Deliveries,
            },
            Phase::Deliveries => self.deliveries(tx)?,
            Phase::Payloads => self.payloads(tx)?,
            Phase::Rest => self.rest(tx)?,
            Phase::Done => return Ok(Some(self.0.done())),
        };
        Ok(None)
    }

    fn deliveries(&mut self, tx: &mut Tx<'_>) -> Result<Phase, Failure> {
        struct Row {
            seq: i64,
            message: i64,
            place: ([u8; 16], String),
            settled_at: Option<i64>,
        }
        let before = self.0.prune.settled_before;
        let (message, emitter) = &self.0.places.delivery;
        let last = ceiling_id(before).as_uuid();
        let rows = tx.all(
            &tx.sql().old_settled,
            params![message, emitter, last.as_bytes(), PART as i64],
            |row| {
                Ok(Row {
                    seq: row.get(0)?,
                    message: row.get(1)?,
                    place: (row.get(2)?, row.get(3)?),
                    settled_at: row.get(5)?,
                })
            },
        )?;
        for row in &rows {
            if self.0.pruned.deliveries >= self.0.prune.limit {
                return Ok(self.0.no_more_deliveries());
            }
            self.0.places.delivery = row.place.clone();
            if row.settled_at.is_some_and(|at| at < before.as_micros()) {
                let (id, emitter) = &row.place;
                let deleted = tx.execute(
                    &tx.sql().delete_delivery,
                    params![row.seq, before.as_micros()],
                )?;
                if deleted > 0 {
                    tx.execute(&tx.sql().delete_attempts, params![id, emitter])?;
                    tx.execute(&tx.sql().delete_message, [row.message])?;
                    self.0.pruned.deliveries += deleted;
                }
            }
        }
        Ok(self.0.after_deliveries(rows.len()))
    }

    fn payloads(&mut self, tx: &mut Tx<'_>) -> Result<Phase, Failure> {
        struct Row {
            message: i64,
            id: [u8; 16],
            settled_at: Option<i64>,
            erased: bool,
        }
        let before = self.0.prune.payloads_before.unwrap_or_default();
        let last = ceiling_id(before).as_uuid();
        let rows = tx.all(
            &tx.sql().old_payloads,
            params![self.0.places.payload, last.as_bytes(), PART as i64],
            |row| {
                Ok(Row {
                    message: row.get(0)?,
                    id: row.get(1)?,
                    settled_at: row.get(2)?,
                    erased: row.get(3)?,
                })
            },
        )?;
        for row in &rows {
            if self.0.pruned.payloads >= self.0.prune.limit {
                return Ok(Phase::Rest);
            }
            self.0.places.payload = row.id;
            if !row.erased && row.settled_at.is_some_and(|at| at < before.as_micros()) {
                let params = params![row.message, before.as_micros()];
                self.0.pruned.payloads += tx.execute(&tx.sql().erase_old_payload, params)?;
                tx.execute(&tx.sql().erase_deliveries, [row.id])?;
            }
        }
        Ok(self.0.after_payloads(rows.len()))
    }

    /// Keys, nodes and counters.
    fn rest(&self, tx: &mut Tx<'_>) -> Result<Phase, Failure> {
        let Prune {
            idempotency_before,
            now,
            ..
        } = self.0.prune;
        let params = params![idempotency_before.as_micros(), SMALL as i64];
        let keys = tx.execute(&tx.sql().idempotency_prune, params)?;
        let long_ago = now.saturating_sub(NODES).as_micros();
        let nodes = tx.all(&tx.sql().prune_nodes, [long_ago], |row| {
            row.get::<_, [u8; 16]>(0)
        })?;
        for node in nodes {
            tx.context
                .locks
                .forget(NodeId::from_uuid(Uuid::from_bytes(node)));
        }
        let counters = fold_counters(tx, now)?;
        Ok(match keys < SMALL && counters < SMALL {
            true => Phase::Done,
            false => Phase::Rest,
        })
    }
}

/// Adds up the counts of hours that need not be told apart any more, and of emitters that are
/// detached; returns how many.
fn fold_counters(tx: &mut Tx<'_>, now: Timestamp) -> Result<usize, Failure> {
    tally::fold(tx)?;
    let first = first_hour_told_apart(now);
    let folded = tx.all(
        &tx.sql().counters_to_fold,
        params![first, SMALL as i64],
        |row| {
            let change = Change {
                pending: row.get(3)?,
                settled: Settled {
                    delivered: row.get::<_, i64>(4)? as u64,
                    dead: row.get::<_, i64>(5)? as u64,
                    discarded: row.get::<_, i64>(6)? as u64,
                },
            };
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, i64>(1)?,
                row.get::<_, bool>(2)?,
                change,
            ))
        },
    )?;
    let count = folded.len();
    for (emitter, hour, attached, change) in folded {
        tx.execute(&tx.sql().delete_counter, params![emitter, hour])?;
        let emitter = if attached { emitter.as_str() } else { "" };
        let hour = if hour < first { 0 } else { hour };
        tally::add(tx, emitter, hour, change)?;
    }
    Ok(count)
}

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
        log::ceiling_id,
        stats::{Change, Settled, first_hour_told_apart},
    },
};

/// So many rows are looked at in one transaction, which others wait for.
const PART: usize = 500;
/// So many are looked at in one call: what is old but pending is passed over again and again, and
/// must not cost more for that.
const MAX_LOOKED_AT: usize = 20_000;
/// So many keys and counters are forgotten in one transaction.
const SMALL: usize = 1_000;
/// Nodes without leases are remembered for so long, so that they are told that they are dead.
const NODES: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How far the looking has come. The next call goes on behind that, and from the start once the end
/// was reached.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Places {
    /// The message and the emitter of a delivery.
    delivery: ([u8; 16], String),
    /// A message.
    payload: [u8; 16],
}

/// One call, on its way.
pub(in super::super) struct PruneJob {
    prune: Prune,
    places: Places,
    pruned: Pruned,
    looked_at: usize,
    phase: Phase,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    /// What is left of backlogs whose discarding failed.
    Discards,
    Deliveries,
    Payloads,
    Rest,
    Done,
}

impl PruneJob {
    pub(in super::super) fn new(prune: Prune, places: Places) -> Self {
        Self {
            prune,
            places,
            pruned: Pruned::default(),
            looked_at: 0,
            phase: Phase::Discards,
        }
    }

    /// Does a part, in a transaction of its own; what was forgotten, and where to go on, once all is
    /// done.
    pub(in super::super) fn step(
        &mut self,
        tx: &mut Tx<'_>,
    ) -> Result<Option<(Pruned, Places)>, Failure> {
        match self.phase {
            Phase::Discards => {
                if !discard::go_on(tx, None)? {
                    self.phase = Phase::Deliveries;
                }
            }
            Phase::Deliveries => {
                if self.deliveries(tx)? {
                    self.looked_at = 0;
                    self.phase = match self.prune.payloads_before {
                        Some(_) => Phase::Payloads,
                        None => Phase::Rest,
                    };
                }
            }
            Phase::Payloads => {
                let before = self.prune.payloads_before.unwrap_or_default();
                if self.payloads(tx, before)? {
                    self.phase = Phase::Rest;
                }
            }
            Phase::Rest => {
                if self.rest(tx)? {
                    self.phase = Phase::Done;
                }
            }
            Phase::Done => {
                let limit = self.prune.limit;
                self.pruned.more = self.pruned.deliveries >= limit || self.pruned.payloads >= limit;
                return Ok(Some((self.pruned, self.places.clone())));
            }
        }
        Ok(None)
    }

    /// Whether this call is through with deliveries.
    fn deliveries(&mut self, tx: &mut Tx<'_>) -> Result<bool, Failure> {
        struct Row {
            seq: i64,
            message: i64,
            place: ([u8; 16], String),
            settled_at: Option<i64>,
        }
        let before = self.prune.settled_before;
        let (message, emitter) = &self.places.delivery;
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
            if self.pruned.deliveries >= self.prune.limit {
                return Ok(true);
            }
            self.places.delivery = row.place.clone();
            if row.settled_at.is_some_and(|at| at < before.as_micros()) {
                let (id, emitter) = &row.place;
                let deleted = tx.execute(
                    &tx.sql().delete_delivery,
                    params![row.seq, before.as_micros()],
                )?;
                if deleted > 0 {
                    tx.execute(&tx.sql().delete_attempts, params![id, emitter])?;
                    tx.execute(&tx.sql().delete_message, [row.message])?;
                    self.pruned.deliveries += deleted;
                }
            }
        }
        if rows.len() < PART {
            self.places.delivery = Default::default();
            return Ok(true);
        }
        self.looked_at += rows.len();
        Ok(self.looked_at >= MAX_LOOKED_AT)
    }

    /// Whether this call is through with payloads.
    fn payloads(&mut self, tx: &mut Tx<'_>, before: Timestamp) -> Result<bool, Failure> {
        struct Row {
            message: i64,
            id: [u8; 16],
            settled_at: Option<i64>,
            erased: bool,
        }
        let last = ceiling_id(before).as_uuid();
        let rows = tx.all(
            &tx.sql().old_payloads,
            params![self.places.payload, last.as_bytes(), PART as i64],
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
            if self.pruned.payloads >= self.prune.limit {
                return Ok(true);
            }
            self.places.payload = row.id;
            if !row.erased && row.settled_at.is_some_and(|at| at < before.as_micros()) {
                let params = params![row.message, before.as_micros()];
                self.pruned.payloads += tx.execute(&tx.sql().erase_old_payload, params)?;
                tx.execute(&tx.sql().erase_deliveries, [row.id])?;
            }
        }
        if rows.len() < PART {
            self.places.payload = [0; 16];
            return Ok(true);
        }
        self.looked_at += rows.len();
        Ok(self.looked_at >= MAX_LOOKED_AT)
    }

    /// Keys, nodes and counters; whether that was all.
    fn rest(&self, tx: &mut Tx<'_>) -> Result<bool, Failure> {
        let Prune {
            idempotency_before,
            now,
            ..
        } = self.prune;
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
        Ok(keys < SMALL && counters < SMALL)
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

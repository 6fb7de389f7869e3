//! Reading the counters.

use std::collections::HashSet;

use super::super::{failure::Failure, rows, tx::Tx};
use super::tally;
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{
        Stats,
        stats::{Change, Settled},
    },
};

/// The counts of deliveries.
pub(in super::super) fn stats(tx: &Tx<'_>, now: Timestamp) -> Result<Stats, Failure> {
    let mut attached = HashSet::new();
    let mut statement = tx.prepare(&tx.sql().emitter_ids)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        attached.insert(rows::emitter_id(row, 0)?);
    }
    let mut stats = Stats::default();
    for ((emitter, hour), change) in tally::read(tx)? {
        stats.add(attached.get(&emitter), hour, change, now);
    }
    let mut statement = tx.prepare(&tx.sql().stats)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let change = Change {
            pending: row.get(2)?,
            settled: Settled {
                delivered: row.get::<_, i64>(3)? as u64,
                dead: row.get::<_, i64>(4)? as u64,
                discarded: row.get::<_, i64>(5)? as u64,
            },
        };
        // Those that are detached are counted together, under no name.
        let emitter: Option<EmitterId> = rows::emitter_id(row, 0).ok();
        let emitter = emitter.and_then(|id| attached.get(&id).cloned());
        stats.add(emitter.as_ref(), row.get(1)?, change, now);
    }
    Ok(stats)
}

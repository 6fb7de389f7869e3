//! Reading the counters.

use super::super::{failure::Failure, rows, tx::Tx};
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
    let mut stats = Stats::default();
    let mut statement = tx.prepare(&tx.sql().stats)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        let attached: bool = row.get(1)?;
        let change = Change {
            pending: row.get(3)?,
            settled: Settled {
                delivered: row.get::<_, i64>(4)? as u64,
                dead: row.get::<_, i64>(5)? as u64,
                discarded: row.get::<_, i64>(6)? as u64,
            },
        };
        let emitter: Option<EmitterId> = attached.then(|| rows::emitter_id(row, 0)).transpose()?;
        stats.add(emitter.as_ref(), row.get(2)?, change, now);
    }
    Ok(stats)
}

//! Reading the counters.

use sqlx::PgConnection;

use super::super::{
    failure::Failure,
    rows,
    tx::{Context, ask, get},
};
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{
        Stats,
        stats::{Change, Settled},
    },
};

/// The counts of deliveries.
pub(in super::super) async fn stats(
    connection: &mut PgConnection,
    cx: &Context,
    now: Timestamp,
) -> Result<Stats, Failure> {
    let found = ask(&cx.sql.stats).fetch_all(connection).await?;
    let mut stats = Stats::default();
    for row in &found {
        let emitter = rows::optional("an emitter's ID", get(row, 0)?, |id| EmitterId::new(id))?;
        let change = Change {
            pending: get(row, 2)?,
            settled: Settled {
                delivered: rows::number(row, 3)?,
                dead: rows::number(row, 4)?,
                discarded: rows::number(row, 5)?,
            },
        };
        stats.add(emitter.as_ref(), get(row, 1)?, change, now);
    }
    Ok(stats)
}

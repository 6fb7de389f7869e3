//! What a transaction counted: one row for each, added up from time to time.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::{
    failure::Failure,
    tx::{Context, ask, get},
};
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::stats::{Change, hour_of},
};

/// What a transaction counts, all at one time.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<EmitterId, Change>);

impl Tally {
    /// Counts what changed for an emitter.
    pub(super) fn count(&mut self, emitter: &EmitterId, change: Change) {
        match self.0.get_mut(emitter) {
            Some(counted) => counted.add(change),
            None => {
                self.0.insert(emitter.clone(), change);
            }
        }
    }

    /// Writes down what was counted.
    pub(super) async fn write(
        self,
        connection: &mut PgConnection,
        cx: &Context,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if self.0.is_empty() {
            return Ok(());
        }
        let column = |count: fn(&Change) -> i64| self.0.values().map(count).collect::<Vec<_>>();
        let emitters: Vec<&str> = self.0.keys().map(EmitterId::as_str).collect();
        ask(&cx.sql.insert_tally)
            .bind(hour_of(now))
            .bind(emitters)
            .bind(column(|change| change.pending))
            .bind(column(|change| change.settled.delivered.cast_signed()))
            .bind(column(|change| change.settled.dead.cast_signed()))
            .bind(column(|change| change.settled.discarded.cast_signed()))
            .execute(connection)
            .await?;
        Ok(())
    }
}

/// So many rows are added up at once.
const FOLD: i64 = 10_000;

/// Adds up what is written down.
pub(super) async fn fold(connection: &mut PgConnection, cx: &Context) -> Result<(), Failure> {
    loop {
        let row = ask(&cx.sql.fold_tallies)
            .bind(FOLD)
            .fetch_one(&mut *connection)
            .await?;
        if get::<i64>(&row, 0)? < FOLD {
            return Ok(());
        }
    }
}

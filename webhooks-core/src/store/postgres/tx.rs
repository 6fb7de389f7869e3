//! What steps share: the statements, what they are asked with, and transactions.

use std::sync::Arc;

use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, Postgres, Row as _, Transaction,
    postgres::{PgArguments, PgRow},
    query::Query,
};

use super::{
    failure::Failure,
    rows,
    signals::Signals,
    sql::{Sql, Statement},
    tally::Tally,
};
use crate::{
    emitter::EmitterId,
    env::{Env, Timestamp},
    store::{seal::Sealer, stats::Change},
};

/// What a step needs beside the connection; the same for all of a store.
pub(super) struct Context {
    pub(super) sql: Sql,
    pub(super) sealer: Sealer,
    pub(super) env: Env,
    /// Tells this store from other databases.
    pub(super) store_id: Box<str>,
    /// Whether a transaction is around every step.
    pub(super) is_in_transaction: bool,
    /// Who must be told of what was written.
    pub(super) signals: Arc<Signals>,
}

/// A statement to be asked with its parameters bound. The text is ours, and so are the names in it.
pub(super) fn ask<'q>(statement: &Statement) -> Query<'q, Postgres, PgArguments> {
    sqlx::query(AssertSqlSafe(statement.text.clone())).persistent(statement.is_prepared)
}

/// The value of a column.
pub(super) fn get<'r, T>(row: &'r PgRow, at: usize) -> Result<T, Failure>
where
    T: sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>,
{
    Ok(row.try_get(at)?)
}

/// How a transaction begins, whatever the database's defaults are.
pub(super) const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// One transaction of our own.
pub(super) struct Tx<'a> {
    transaction: Transaction<'a, Postgres>,
    pub(super) cx: &'a Context,
    now: Timestamp,
    tally: Tally,
    /// Something was written that engines should look at.
    for_others: bool,
}

/// What a step must know of an emitter.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Target {
    /// `None` where there is no such emitter.
    pub(super) generation: Option<u64>,
    pub(super) is_leased: bool,
}

impl<'a> Tx<'a> {
    /// Begins one, whatever the database's defaults are. `now` is what it is counted under.
    pub(super) async fn begin(
        connection: &'a mut PgConnection,
        cx: &'a Context,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let transaction = if cx.is_in_transaction {
            connection.begin().await?
        } else {
            connection.begin_with(BEGIN).await?
        };
        Ok(Self {
            transaction,
            cx,
            now,
            tally: Tally::default(),
            for_others: false,
        })
    }

    /// The connection, inside the transaction.
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.transaction
    }

    /// What is known of an emitter now.
    pub(super) async fn target(&mut self, emitter: &EmitterId) -> Result<Target, Failure> {
        let row = ask(&self.cx.sql.target)
            .bind(emitter.as_str())
            .fetch_one(self.connection())
            .await?;
        Ok(Target {
            generation: get::<Option<i64>>(&row, 0)?.map(i64::cast_unsigned),
            is_leased: get(&row, 1)?,
        })
    }

    /// Counts what changed for an emitter.
    pub(super) fn count(&mut self, emitter: &EmitterId, change: Change) {
        self.tally.count(emitter, change);
    }

    /// Says that something is pending for the emitter which its owner may not know.
    pub(super) async fn mark(&mut self, emitter: &EmitterId) -> Result<(), Failure> {
        self.insert_mark(emitter, true).await
    }

    /// Says that something is pending for the emitter, and that it has no owner.
    pub(super) async fn mark_unowned(&mut self, emitter: &EmitterId) -> Result<(), Failure> {
        self.insert_mark(emitter, false).await
    }

    async fn insert_mark(&mut self, emitter: &EmitterId, unread: bool) -> Result<(), Failure> {
        self.for_others = true;
        ask(&self.cx.sql.mark)
            .bind(emitter.as_str())
            .bind(unread)
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Says that engines should look at what was written.
    pub(super) fn tell_others(&mut self) {
        self.for_others = true;
    }

    /// A number from the sequence of generations.
    pub(super) async fn next_generation(&mut self) -> Result<u64, Failure> {
        let row = ask(&self.cx.sql.next_generation)
            .fetch_one(self.connection())
            .await?;
        rows::number(&row, 0)
    }

    /// Writes down what was counted, commits, and tells whoever must know.
    pub(super) async fn commit(mut self) -> Result<(), Failure> {
        let tally = std::mem::take(&mut self.tally);
        let (cx, now) = (self.cx, self.now);
        tally.write(self.connection(), cx, now).await?;
        self.transaction.commit().await?;
        if self.for_others {
            cx.signals.tell();
        }
        Ok(())
    }
}

//! What a settling that is not the usual one writes.

use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        tx::{Tx, ask},
    },
    attempts::{AttemptColumns, bind_attempts},
};
use crate::{
    delivery::Progress,
    env::Timestamp,
    store::{
        Reason, Settlement,
        end::{End, state_code},
    },
};

/// What is written at the end, all at once.
#[derive(Default)]
pub(super) struct Writes<'s> {
    /// Whose latest attempt makes room.
    moved: (Vec<Uuid>, Vec<&'s str>),
    message_id: Vec<Uuid>,
    emitter: Vec<&'s str>,
    state: Vec<Option<i16>>,
    reason: Vec<Option<&'static str>>,
    attempts: Vec<Option<i32>>,
    attempts_since_queued: Vec<Option<i32>>,
    first_attempt_at: Vec<Option<i64>>,
    due: Vec<Option<i64>>,
    attempt: AttemptColumns<'s>,
    closed: Vec<(&'s Settlement, End)>,
}

impl<'s> Writes<'s> {
    pub(super) fn close(&mut self, settlement: &'s Settlement, end: End) {
        self.closed.push((settlement, end));
    }

    pub(super) fn record(
        &mut self,
        settlement: &'s Settlement,
        has_attempts: bool,
        next: Option<Result<End, Progress>>,
    ) {
        let (id, emitter) = (
            settlement.key.message_id.as_uuid(),
            settlement.key.emitter.as_str(),
        );
        if has_attempts {
            self.moved.0.push(id);
            self.moved.1.push(emitter);
        }
        self.message_id.push(id);
        self.emitter.push(emitter);
        let end = next.and_then(Result::ok);
        let progress = next.and_then(Result::err);
        self.state.push(end.map(|end| state_code(end.state())));
        self.reason
            .push(end.and_then(End::reason).map(Reason::as_str));
        let count = |count: u32| count.cast_signed();
        self.attempts
            .push(progress.map(|progress| count(progress.attempts)));
        self.attempts_since_queued
            .push(progress.map(|progress| count(progress.attempts_since_queued)));
        let first = progress.and_then(|progress| progress.first_attempt_at);
        self.first_attempt_at.push(first.map(Timestamp::as_micros));
        self.due
            .push(progress.map(|progress| progress.due.as_micros()));
        self.attempt.push(&settlement.attempt);
    }

    pub(super) async fn write(self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), Failure> {
        let sql = &tx.cx.sql;
        for (settlement, end) in self.closed {
            ask(&sql.set_standing)
                .bind(settlement.key.message_id.as_uuid())
                .bind(settlement.key.emitter.as_str())
                .bind(state_code(end.state()))
                .bind(end.reason().map(Reason::as_str))
                .bind(now.as_micros())
                .execute(tx.connection())
                .await?;
        }
        if !self.moved.0.is_empty() {
            ask(&sql.move_attempts)
                .bind(self.moved.0)
                .bind(self.moved.1)
                .execute(tx.connection())
                .await?;
        }
        if self.message_id.is_empty() {
            return Ok(());
        }
        let query = ask(&sql.settle_more)
            .bind(self.message_id)
            .bind(self.emitter)
            .bind(self.state)
            .bind(self.reason)
            .bind(self.attempts)
            .bind(self.attempts_since_queued)
            .bind(self.first_attempt_at)
            .bind(self.due);
        bind_attempts!(query, self.attempt)
            .bind(now.as_micros())
            .execute(tx.connection())
            .await?;
        Ok(())
    }
}

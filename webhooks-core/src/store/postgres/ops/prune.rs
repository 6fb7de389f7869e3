//! Forgetting what is old, part by part.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        tally,
        tx::{Context, Tx, ask, get},
    },
    go_on_discarding,
};
use crate::{
    env::Timestamp,
    store::{
        Prune, Pruned,
        ids::ceiling_id,
        prune_job::{self, PART, Phase, SMALL},
        stats::first_hour_told_apart,
    },
};

/// How far the looking has come.
pub(in super::super) type Places = prune_job::Places<Uuid>;

/// One call, on its way. It only goes on once a part is committed: one that met with a conflict is done
/// again.
pub(in super::super) struct PruneJob(prune_job::PruneJob<Uuid>);

impl PruneJob {
    pub(in super::super) fn new(prune: Prune, places: Places) -> Self {
        Self(prune_job::PruneJob::new(prune, places))
    }

    /// Does a part, in a transaction of its own; what was forgotten, and where to go on, once all is
    /// done.
    pub(in super::super) async fn step(
        &mut self,
        connection: &mut PgConnection,
        cx: &Context,
    ) -> Result<Option<(Pruned, Places)>, Failure> {
        self.0.phase = match self.0.phase {
            Phase::Discards => match go_on_discarding(connection, cx, None).await? {
                true => Phase::Discards,
                false => Phase::Deliveries,
            },
            Phase::Done => return Ok(Some(self.0.done())),
            phase => {
                // Those of a transaction that is rolled back would be added up with it.
                if let Phase::Rest = phase {
                    tally::fold(connection, cx).await?;
                }
                let mut tx = Tx::begin(connection, cx, self.0.prune.now).await?;
                let is_ours = ask(&cx.sql.try_prune).fetch_one(tx.connection()).await?;
                match (get(&is_ours, 0)?, phase) {
                    (false, _) => Phase::Done,
                    (true, Phase::Deliveries) => self.deliveries(tx).await?,
                    (true, Phase::Payloads) => self.payloads(tx).await?,
                    (true, _) => self.rest(tx).await?,
                }
            }
        };
        Ok(None)
    }

    async fn deliveries(&mut self, mut tx: Tx<'_>) -> Result<Phase, Failure> {
        let before = self.0.prune.settled_before;
        let (message, emitter) = &self.0.places.delivery;
        let rows = ask(&tx.cx.sql.old_settled)
            .bind(message)
            .bind(emitter)
            .bind(ceiling_id(before).as_uuid())
            .bind(PART as i64)
            .fetch_all(tx.connection())
            .await?;
        let room = self.0.prune.limit.saturating_sub(self.0.pruned.deliveries);
        let mut part = Part::new(room, before);
        let (mut messages, mut emitters) = (Vec::new(), Vec::new());
        let mut place = self.0.places.delivery.clone();
        for row in &rows {
            if !part.goes_on() {
                break;
            }
            place = (get(row, 0)?, get(row, 1)?);
            if part.take(get(row, 2)?) {
                messages.push(place.0);
                emitters.push(place.1.clone());
            }
        }
        let deleted = delete(&mut tx, messages, emitters, before).await?;
        tx.commit().await?;

        self.0.pruned.deliveries += deleted;
        self.0.places.delivery = place;
        Ok(match part.was_cut {
            // Some may have been passed over: then there is room for others.
            true if deleted < room => Phase::Deliveries,
            true => self.0.no_more_deliveries(),
            false => self.0.after_deliveries(rows.len()),
        })
    }

    async fn payloads(&mut self, mut tx: Tx<'_>) -> Result<Phase, Failure> {
        let before = self.0.prune.payloads_before.unwrap_or_default();
        let rows = ask(&tx.cx.sql.old_payloads)
            .bind(self.0.places.payload)
            .bind(ceiling_id(before).as_uuid())
            .bind(PART as i64)
            .fetch_all(tx.connection())
            .await?;
        let room = self.0.prune.limit.saturating_sub(self.0.pruned.payloads);
        let mut part = Part::new(room, before);
        let mut messages: Vec<Uuid> = Vec::new();
        let mut place = self.0.places.payload;
        for row in &rows {
            if !part.goes_on() {
                break;
            }
            place = get(row, 0)?;
            let is_erased: bool = get(row, 2)?;
            if !is_erased && part.take(get(row, 1)?) {
                messages.push(place);
            }
        }
        let erased = erase(&mut tx, messages, before).await?;
        tx.commit().await?;

        self.0.pruned.payloads += erased;
        self.0.places.payload = place;
        Ok(match part.was_cut {
            true if erased < room => Phase::Payloads,
            true => Phase::Rest,
            false => self.0.after_payloads(rows.len()),
        })
    }

    /// Keys, nodes, marks and counters.
    async fn rest(&self, mut tx: Tx<'_>) -> Result<Phase, Failure> {
        let Prune {
            idempotency_before,
            now,
            ..
        } = self.0.prune;
        let sql = &tx.cx.sql;
        let keys = ask(&sql.idempotency_prune)
            .bind(idempotency_before.as_micros())
            .bind(SMALL as i64)
            .execute(tx.connection())
            .await?;
        ask(&sql.prune_nodes)
            .bind(SMALL as i64)
            .execute(tx.connection())
            .await?;
        let marks = ask(&sql.prune_marks)
            .bind(SMALL as i64)
            .execute(tx.connection())
            .await?;
        let counters = ask(&sql.fold_counters)
            .bind(first_hour_told_apart(now))
            .bind(SMALL as i64)
            .fetch_one(tx.connection())
            .await?;
        tx.commit().await?;
        let counts = [
            keys.rows_affected().cast_signed(),
            marks.rows_affected().cast_signed(),
            get(&counters, 0)?,
        ];
        Ok(match counts.iter().any(|count| *count >= SMALL as i64) {
            true => Phase::Rest,
            false => Phase::Done,
        })
    }
}

/// What of the rows of a part is to be forgotten.
struct Part {
    /// So many may still be.
    room: usize,
    before: i64,
    taken: usize,
    was_cut: bool,
}

impl Part {
    fn new(room: usize, before: Timestamp) -> Self {
        Self {
            room,
            before: before.as_micros(),
            taken: 0,
            was_cut: false,
        }
    }

    /// Whether there is room for what the next row may be.
    fn goes_on(&mut self) -> bool {
        self.was_cut = self.taken >= self.room;
        !self.was_cut
    }

    /// Whether what settled at this time is to be forgotten.
    fn take(&mut self, settled_at: Option<i64>) -> bool {
        let is_old = settled_at.is_some_and(|at| at < self.before);
        self.taken += usize::from(is_old);
        is_old
    }
}

/// Deletes these deliveries, with their attempts, and each message of which none is left.
async fn delete(
    tx: &mut Tx<'_>,
    messages: Vec<Uuid>,
    emitters: Vec<String>,
    before: Timestamp,
) -> Result<usize, Failure> {
    if messages.is_empty() {
        return Ok(0);
    }
    let sql = &tx.cx.sql;
    let deleted = ask(&sql.delete_deliveries)
        .bind(messages)
        .bind(emitters)
        .bind(before.as_micros())
        .fetch_all(tx.connection())
        .await?;
    let (mut messages, mut emitters) = (Vec::<Uuid>::new(), Vec::<String>::new());
    for row in &deleted {
        messages.push(get(row, 0)?);
        emitters.push(get(row, 1)?);
    }
    ask(&sql.delete_attempts)
        .bind(messages.clone())
        .bind(emitters)
        .execute(tx.connection())
        .await?;
    ask(&sql.delete_messages)
        .bind(messages)
        .execute(tx.connection())
        .await?;
    Ok(deleted.len())
}

/// Erases the payloads of these messages, unless something of them was queued again meanwhile.
async fn erase(tx: &mut Tx<'_>, messages: Vec<Uuid>, before: Timestamp) -> Result<usize, Failure> {
    if messages.is_empty() {
        return Ok(0);
    }
    let sql = &tx.cx.sql;
    let locked = ask(&sql.lock_messages)
        .bind(messages)
        .fetch_all(tx.connection())
        .await?;
    let erased = ask(&sql.erase_old_payloads)
        .bind(ids(&locked)?)
        .bind(before.as_micros())
        .fetch_all(tx.connection())
        .await?;
    ask(&sql.erase_deliveries)
        .bind(ids(&erased)?)
        .execute(tx.connection())
        .await?;
    Ok(erased.len())
}

fn ids(rows: &[sqlx::postgres::PgRow]) -> Result<Vec<Uuid>, Failure> {
    rows.iter().map(|row| get(row, 0)).collect()
}

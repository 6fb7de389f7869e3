//! Sending many deliveries again, part by part.

use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    super::{
        failure::Failure,
        rows,
        tx::{Context, Tx, ask, get},
    },
    again::Again,
};
use crate::{
    delivery::Seq,
    event::MessageId,
    store::{
        Replay,
        ids::{ceiling_id, floor_id},
    },
};

/// So many rows are looked at with one statement.
const LOOK: usize = 2_000;
/// So many are queued in one transaction.
const QUEUE: usize = 500;

/// A replay on its way: first all places are collected, then queued in their order. A million of them
/// take 24 MB.
pub(in super::super) struct ReplayJob {
    replay: Replay,
    /// The emitter's when it began: a discard or a detach ends it.
    generation: Option<u64>,
    looked_at: Uuid,
    places: Vec<(Seq, MessageId)>,
    collected: bool,
    at: usize,
    count: u64,
}

impl ReplayJob {
    pub(in super::super) fn new(replay: Replay) -> Self {
        let first = floor_id(replay.since).as_uuid().as_u128();
        Self {
            replay,
            generation: None,
            looked_at: Uuid::from_u128(first.saturating_sub(1)),
            places: Vec::new(),
            collected: false,
            at: 0,
            count: 0,
        }
    }

    /// Does a part, in a transaction of its own; the count once all is done. A part that failed leaves the
    /// job as it was.
    pub(in super::super) async fn step(
        &mut self,
        connection: &mut PgConnection,
        cx: &Context,
        fresh: Option<&(dyn Fn() -> MessageId + Send + Sync)>,
    ) -> Result<Option<u64>, Failure> {
        let mut tx = Tx::begin(connection, cx, self.replay.now).await?;
        let Some(generation) = tx.target(&self.replay.emitter).await?.generation else {
            return Ok(Some(self.count));
        };
        if *self.generation.get_or_insert(generation) != generation {
            return Ok(Some(self.count));
        }
        if !self.collected {
            self.collect(&mut tx).await?;
            return Ok(None);
        }
        let again = Again {
            emitter: &self.replay.emitter,
            generation,
            due: self.replay.due,
            now: self.replay.now,
        };
        let end = self.places.len().min(self.at + QUEUE);
        let part = &self.places[self.at..end];
        let queued = match fresh {
            None => again.queue(&mut tx, part).await?,
            Some(make) => {
                let ids = part.iter().map(|_| make()).collect();
                again.queue_copies(&mut tx, part, ids).await?
            }
        };
        tx.commit().await?;
        self.count += queued;
        self.at = end;
        Ok((end == self.places.len()).then_some(self.count))
    }

    async fn collect(&mut self, tx: &mut Tx<'_>) -> Result<(), Failure> {
        let Replay { emitter, until, .. } = &self.replay;
        let last = until.map_or(Uuid::max(), |until| ceiling_id(until).as_uuid());
        let found = ask(&tx.cx.sql.replayable)
            .bind(emitter.as_str())
            .bind(self.looked_at)
            .bind(last)
            .bind(LOOK as i64)
            .fetch_all(tx.connection())
            .await?;
        for row in &found {
            let id = rows::message_id(row, 1)?;
            self.looked_at = id.as_uuid();
            let is_erased: bool = get(row, 4)?;
            let (state, created_at) = (rows::state(row, 2)?, rows::time(row, 3)?);
            if !is_erased && self.replay.means(state, created_at) {
                self.places.push((rows::number(row, 0)?, id));
            }
        }
        if found.len() < LOOK {
            self.collected = true;
            self.places.sort_unstable();
        }
        Ok(())
    }
}

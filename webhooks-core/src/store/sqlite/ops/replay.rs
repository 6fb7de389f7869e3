//! Sending many deliveries again, part by part.

use rusqlite::params;

use super::super::{failure::Failure, rows, tx::Tx};
use super::again::Again;
use crate::{
    delivery::Seq,
    event::MessageId,
    store::{
        Replay,
        ids::{ceiling_id, floor_id},
    },
};

/// So many rows are looked at in one transaction.
const LOOK: usize = 2_000;
/// So many are queued in one transaction.
const QUEUE: usize = 500;

/// A replay on its way: first all places are collected, then queued in their order. A million of them
/// take 8 MB.
pub(in super::super) struct ReplayJob {
    replay: Replay,
    /// The emitter's when it began: a discard or a detach ends it.
    generation: Option<u64>,
    looked_at: u128,
    places: Vec<Seq>,
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
            looked_at: first.saturating_sub(1),
            places: Vec::new(),
            collected: false,
            at: 0,
            count: 0,
        }
    }

    /// Does a part, in a transaction of its own; the count once all is done.
    pub(in super::super) fn step(
        &mut self,
        tx: &mut Tx<'_>,
        fresh: Option<&(dyn Fn() -> MessageId + Send + Sync)>,
    ) -> Result<Option<u64>, Failure> {
        let Some(generation) = tx.target(&self.replay.emitter)?.generation else {
            return Ok(Some(self.count));
        };
        if *self.generation.get_or_insert(generation) != generation {
            return Ok(Some(self.count));
        }
        if !self.collected {
            self.collect(tx)?;
            return Ok(None);
        }
        let again = Again {
            emitter: &self.replay.emitter,
            generation,
            due: self.replay.due,
            now: self.replay.now,
        };
        let end = self.places.len().min(self.at + QUEUE);
        for place in &self.places[self.at..end] {
            self.count += u64::from(queue_one(tx, &again, *place, fresh)?);
        }
        self.at = end;
        Ok((end == self.places.len()).then_some(self.count))
    }

    fn collect(&mut self, tx: &Tx<'_>) -> Result<(), Failure> {
        let Replay { emitter, until, .. } = &self.replay;
        let last = until.map_or(u128::MAX, |until| ceiling_id(until).as_uuid().as_u128());
        let mut statement = tx.prepare(&tx.sql().replayable)?;
        let mut found = statement.query(params![
            emitter.as_str(),
            self.looked_at.to_be_bytes(),
            last.to_be_bytes(),
            LOOK as i64
        ])?;
        let mut looked = 0;
        while let Some(row) = found.next()? {
            looked += 1;
            self.looked_at = rows::message_id(row, 1)?.as_uuid().as_u128();
            let is_erased: bool = row.get(4)?;
            let (state, created_at) = (rows::state(row, 2)?, rows::time(row, 3)?);
            if !is_erased && self.replay.means(state, created_at) {
                self.places.push(row.get::<_, i64>(0)? as Seq);
            }
        }
        if looked < LOOK {
            self.collected = true;
            self.places.sort_unstable();
        }
        Ok(())
    }
}

/// `false` if the delivery is not what it was when it was collected.
fn queue_one(
    tx: &mut Tx<'_>,
    again: &Again<'_>,
    place: Seq,
    fresh: Option<&(dyn Fn() -> MessageId + Send + Sync)>,
) -> Result<bool, Failure> {
    let params = params![place as i64, again.emitter.as_str()];
    let found: Option<i64> = tx.find(&tx.sql().settled_at_place, params, |row| row.get(0))?;
    match (found, fresh) {
        (None, _) => Ok(false),
        (Some(_), None) => again.queue(tx, place).map(|()| true),
        (Some(message), Some(make)) => again.queue_copy(tx, place, message, make()),
    }
}

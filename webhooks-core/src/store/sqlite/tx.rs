//! One transaction: what its steps share.
//!
//! Steps are plain functions over a [`Tx`]; they know nothing of threads or channels.

use std::collections::HashMap;

use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Row, params};
use uuid::Uuid;

use super::{
    failure::Failure,
    locks::NodeLocks,
    ops::tally::{self, Counted},
    sql::Sql,
};
use crate::{
    delivery::Seq,
    emitter::EmitterId,
    env::{Env, Timestamp},
    store::{
        Epoch, NodeId,
        seal::Sealer,
        stats::{Change, hour_of},
    },
};

/// What a step needs beside the connection; the same for all transactions of a store.
pub(super) struct Context {
    pub(super) sql: Sql,
    pub(super) sealer: Sealer,
    pub(super) env: Env,
    pub(super) locks: NodeLocks,
}

/// One transaction.
pub(super) struct Tx<'a> {
    pub(super) connection: &'a Connection,
    pub(super) context: &'a Context,
    pub(super) memo: &'a mut Memo,
    /// Something was written that engines should look at.
    pub(super) for_others: bool,
}

/// What is known of the database without asking it: good as long as nobody else writes.
#[derive(Default)]
pub(super) struct Memo {
    targets: HashMap<EmitterId, Target>,
    sequences: Option<Sequences>,
    /// What was counted in this transaction, written down at its end.
    counted: Counted,
}

/// What an append and a settlement must know of an emitter.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Target {
    /// `None` where there is no such emitter.
    pub(super) generation: Option<u64>,
    pub(super) lease: Option<(NodeId, Epoch)>,
    pub(super) marked: bool,
}

/// What only grows.
#[derive(Clone, Copy)]
struct Sequences {
    now: [u64; NAMES.len()],
    written: [u64; NAMES.len()],
}

/// The names of what only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequence {
    Seq,
    Message,
    Generation,
    Epoch,
    Version,
}

const NAMES: [&str; 5] = ["seq", "message", "generation", "epoch", "version"];

/// So many emitters are kept in mind.
const MAX_TARGETS: usize = 10_000;

impl Memo {
    /// Forgets all: somebody else wrote, or a transaction was rolled back.
    pub(super) fn clear(&mut self) {
        self.targets.clear();
        self.sequences = None;
        self.counted.clear();
    }
}

impl Target {
    pub(super) fn is_owned_by(&self, node: NodeId, epoch: Epoch) -> bool {
        self.lease == Some((node, epoch))
    }
}

impl<'a> Tx<'a> {
    pub(super) fn new(
        connection: &'a Connection,
        context: &'a Context,
        memo: &'a mut Memo,
    ) -> Self {
        Self {
            connection,
            context,
            memo,
            for_others: false,
        }
    }

    pub(super) fn sql(&self) -> &'a Sql {
        &self.context.sql
    }

    pub(super) fn prepare(&self, sql: &str) -> Result<CachedStatement<'a>, Failure> {
        Ok(self.connection.prepare_cached(sql)?)
    }

    /// Runs a statement; returns how many rows it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, Failure> {
        Ok(self.prepare(sql)?.execute(params)?)
    }

    /// The row that a statement finds, if it finds one.
    pub(super) fn find<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Failure> {
        Ok(self.prepare(sql)?.query_row(params, read).optional()?)
    }

    /// The only value of a statement that always has one.
    pub(super) fn value<T: rusqlite::types::FromSql>(
        &self,
        sql: &str,
        params: impl Params,
    ) -> Result<T, Failure> {
        Ok(self.prepare(sql)?.query_row(params, |row| row.get(0))?)
    }

    /// All rows of a statement.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Failure> {
        let mut statement = self.prepare(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What is known of an emitter.
    pub(super) fn target(&mut self, emitter: &EmitterId) -> Result<Target, Failure> {
        if let Some(target) = self.memo.targets.get(emitter) {
            return Ok(*target);
        }
        let target = self
            .prepare(&self.sql().target)?
            .query_row([emitter.as_str()], |row| {
                let node: Option<[u8; 16]> = row.get(1)?;
                let epoch: Option<i64> = row.get(2)?;
                Ok(Target {
                    generation: row
                        .get::<_, Option<i64>>(0)?
                        .map(|generation| generation as u64),
                    lease: node.zip(epoch).map(|(node, epoch)| {
                        (NodeId::from_uuid(Uuid::from_bytes(node)), epoch as u64)
                    }),
                    marked: row.get(3)?,
                })
            })?;
        if self.memo.targets.len() >= MAX_TARGETS {
            self.memo.targets.clear();
        }
        self.memo.targets.insert(emitter.clone(), target);
        Ok(target)
    }

    /// An emitter, its lease or its mark changed.
    pub(super) fn forget_target(&mut self, emitter: &EmitterId) {
        self.memo.targets.remove(emitter);
    }

    /// Says that something is pending for the emitter which its owner may not know.
    pub(super) fn mark(&mut self, emitter: &EmitterId) -> Result<(), Failure> {
        self.for_others = true;
        let marked = self
            .memo
            .targets
            .get(emitter)
            .is_some_and(|target| target.marked);
        if marked {
            return Ok(());
        }
        self.execute(&self.sql().mark, [emitter.as_str()])?;
        if let Some(target) = self.memo.targets.get_mut(emitter) {
            target.marked = true;
        }
        Ok(())
    }

    /// Says that something is pending for the emitter, and that it has no owner.
    pub(super) fn mark_unowned(&mut self, emitter: &EmitterId) -> Result<(), Failure> {
        self.for_others = true;
        self.execute(&self.sql().mark_unowned, [emitter.as_str()])?;
        Ok(())
    }

    /// The next number of a sequence.
    pub(super) fn next(&mut self, sequence: Sequence) -> Result<u64, Failure> {
        let mut sequences = match self.memo.sequences {
            Some(sequences) => sequences,
            None => self.read_sequences()?,
        };
        let value = &mut sequences.now[sequence as usize];
        *value += 1;
        let value = *value;
        self.memo.sequences = Some(sequences);
        Ok(value)
    }

    pub(super) fn next_seq(&mut self) -> Result<Seq, Failure> {
        self.next(Sequence::Seq)
    }

    fn read_sequences(&self) -> Result<Sequences, Failure> {
        let mut now = [0; NAMES.len()];
        let read = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?));
        for (name, value) in self.all(&self.sql().sequences, [], read)? {
            if let Some(at) = NAMES.iter().position(|known| *known == name) {
                now[at] = value as u64;
            }
        }
        Ok(Sequences { now, written: now })
    }

    /// Counts what changed for an emitter.
    pub(super) fn count(&mut self, emitter: &EmitterId, now: Timestamp, change: Change) {
        let hour = hour_of(now);
        self.memo
            .counted
            .entry((emitter.clone(), hour))
            .or_default()
            .add(change);
    }

    /// Writes down what was counted and drawn; the last step before the commit.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        tally::write(self, &self.memo.counted)?;
        self.memo.counted.clear();
        let Some(mut sequences) = self.memo.sequences else {
            return Ok(());
        };
        for (at, name) in NAMES.iter().enumerate() {
            if sequences.now[at] != sequences.written[at] {
                self.execute(
                    &self.sql().set_sequence,
                    params![name, sequences.now[at] as i64],
                )?;
            }
        }
        sequences.written = sequences.now;
        self.memo.sequences = Some(sequences);
        Ok(())
    }
}

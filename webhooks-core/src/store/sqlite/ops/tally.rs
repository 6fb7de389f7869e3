//! What transactions counted: one row for each, added up from time to time.
//!
//! A transaction may be about a hundred emitters: a row of its own costs one page, to change the
//! counters of each would cost many.

use std::{collections::HashMap, fmt::Write as _};

use rusqlite::params;

use super::super::{failure::Failure, rows, tx::Tx};
use crate::{
    emitter::EmitterId,
    store::stats::{Change, Hour, Settled},
};

/// What changed, by emitter and hour.
pub(in super::super) type Counted = HashMap<(EmitterId, Hour), Change>;

/// Writes down what a transaction counted.
pub(in super::super) fn write(tx: &Tx<'_>, counted: &Counted) -> Result<(), Failure> {
    if counted.is_empty() {
        return Ok(());
    }
    let mut lines = String::with_capacity(counted.len() * 40);
    for ((emitter, hour), change) in counted {
        let Change { pending, settled } = change;
        let Settled {
            delivered,
            dead,
            discarded,
        } = settled;
        writeln!(
            lines,
            "{emitter} {hour} {pending} {delivered} {dead} {discarded}"
        )
        .expect("a string takes any text");
    }
    tx.execute(&tx.sql().insert_tally, [lines])?;
    Ok(())
}

/// What is written down and not added up yet.
pub(in super::super) fn read(tx: &Tx<'_>) -> Result<Counted, Failure> {
    let mut counted = Counted::new();
    let mut statement = tx.prepare(&tx.sql().tallies)?;
    let mut found = statement.query([])?;
    while let Some(row) = found.next()? {
        for line in row.get::<_, String>(0)?.lines() {
            let (key, change) = parse(line)?;
            counted.entry(key).or_default().add(change);
        }
    }
    Ok(counted)
}

/// Adds up what is written down.
pub(in super::super) fn fold(tx: &mut Tx<'_>) -> Result<(), Failure> {
    for ((emitter, hour), change) in read(tx)? {
        add(tx, emitter.as_str(), hour, change)?;
    }
    tx.execute(&tx.sql().delete_tallies, [])?;
    Ok(())
}

/// Adds to a counter.
pub(super) fn add(tx: &Tx<'_>, emitter: &str, hour: Hour, change: Change) -> Result<(), Failure> {
    let Change { pending, settled } = change;
    tx.execute(
        &tx.sql().count,
        params![
            emitter,
            hour,
            pending,
            settled.delivered as i64,
            settled.dead as i64,
            settled.discarded as i64
        ],
    )?;
    Ok(())
}

fn parse(line: &str) -> Result<((EmitterId, Hour), Change), Failure> {
    let mut words = line.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let what = "a tally";
    let emitter = rows::parsed(what, EmitterId::new(word()))?;
    let hour = rows::parsed(what, word().parse())?;
    let change = Change {
        pending: rows::parsed(what, word().parse())?,
        settled: Settled {
            delivered: rows::parsed(what, word().parse())?,
            dead: rows::parsed(what, word().parse())?,
            discarded: rows::parsed(what, word().parse())?,
        },
    };
    Ok(((emitter, hour), change))
}

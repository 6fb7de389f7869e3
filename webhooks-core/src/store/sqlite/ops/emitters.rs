//! Attaching, changing and detaching emitters.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Row, params};

use super::super::{
    failure::Failure,
    rows,
    tx::{Sequence, Tx},
};
use super::{discard::begin_discard, tally};
use crate::{
    delivery::DiscardReason,
    emitter::{Emitter, EmitterId, patterns_to_stored},
    env::Timestamp,
    event::Tenant,
    store::{
        EmitterStanding, EmitterTable, Health, PutEmitter, PutOutcome, SetState, StateChange,
        StateOutcome,
        emitter_columns::{EmitterColumns, next_state, put_over, sealed_headers, sealed_keys},
        emitters::changed_at,
    },
};

/// All emitters.
pub(in super::super) fn table(tx: &Tx<'_>) -> Result<EmitterTable, Failure> {
    let version = version(tx)?;
    let mut statement = tx.prepare(&tx.sql().emitters)?;
    let mut found = statement.query([])?;
    let mut emitters = Vec::new();
    while let Some(row) = found.next()? {
        emitters.push(Arc::new(read(tx, row)?));
    }
    Ok(EmitterTable { version, emitters })
}

/// The version of the table.
pub(in super::super) fn version(tx: &Tx<'_>) -> Result<u64, Failure> {
    Ok(tx.value::<i64>(&tx.sql().version, [])? as u64)
}

/// Writes an emitter.
pub(in super::super) fn put(tx: &mut Tx<'_>, put: &PutEmitter) -> Result<PutOutcome, Failure> {
    let Some(found) = find(tx, &put.emitter.id)? else {
        let emitter = Emitter {
            generation: tx.next(Sequence::Generation)?,
            ..put.emitter.clone()
        };
        insert(tx, &emitter)?;
        table_changed(tx, &emitter.id)?;
        return Ok(PutOutcome::Created(Arc::new(emitter)));
    };
    let outcome = put_over(found, put);
    if let PutOutcome::Updated(updated) = &outcome {
        update(tx, updated)?;
        table_changed(tx, &updated.id)?;
    }
    Ok(outcome)
}

/// Changes an emitter's state. A large backlog is discarded in part only: the rest by
/// [`discard`](super::discard).
pub(in super::super) fn set_state(
    tx: &mut Tx<'_>,
    change: &SetState,
) -> Result<StateOutcome, Failure> {
    let SetState {
        emitter: id, now, ..
    } = change;
    let Some(found) = find(tx, id)? else {
        return Ok(StateOutcome::NotFound);
    };
    let Some((state, anew)) = next_state(&found, change) else {
        return Ok(StateOutcome::Unchanged(Arc::new(found)));
    };
    let changed = Emitter {
        state,
        updated_at: changed_at(found.updated_at, *now),
        generation: if anew {
            tx.next(Sequence::Generation)?
        } else {
            found.generation
        },
        ..found
    };
    let (word, detail) = state.to_stored();
    tx.execute(
        &tx.sql().set_emitter_state,
        params![
            id.as_str(),
            word,
            detail,
            changed.generation as i64,
            changed.updated_at.as_micros()
        ],
    )?;
    table_changed(tx, id)?;
    if change.change == StateChange::Restart {
        tx.execute(&tx.sql().forget_health, [id.as_str()])?;
        let unowned = tx.target(id)?.lease.is_none();
        if unowned && tx.value(&tx.sql().has_pending, [id.as_str()])? {
            tx.mark_unowned(id)?;
        }
    }
    if anew {
        begin_discard(tx, id, DiscardReason::Paused, *now)?;
    }
    Ok(StateOutcome::Changed(Arc::new(changed)))
}

/// Removes an emitter; `false` if there is none.
pub(in super::super) fn remove(
    tx: &mut Tx<'_>,
    id: &EmitterId,
    now: Timestamp,
) -> Result<bool, Failure> {
    if tx.execute(&tx.sql().delete_emitter, [id.as_str()])? == 0 {
        return Ok(false);
    }
    tx.execute(&tx.sql().unmark, [id.as_str()])?;
    table_changed(tx, id)?;
    begin_discard(tx, id, DiscardReason::Detached, now)?;
    Ok(true)
}

/// How emitters stand.
pub(in super::super) fn standing(
    tx: &Tx<'_>,
    ids: &[EmitterId],
) -> Result<Vec<EmitterStanding>, Failure> {
    let time = |micros: Option<i64>| micros.map(Timestamp::from_micros);
    let mut since = HashMap::<EmitterId, i64>::new();
    for ((emitter, _), change) in tally::read(tx)? {
        *since.entry(emitter).or_default() += change.pending;
    }
    ids.iter()
        .map(|id| {
            let since = since.get(id).copied().unwrap_or(0);
            let found = tx.find(&tx.sql().standing, [id.as_str()], |row| {
                Ok(EmitterStanding {
                    pending: (row.get::<_, i64>(3)? + since).max(0) as u64,
                    oldest_pending_at: time(row.get(4)?),
                    health: Health {
                        consecutive_failures: row.get(0)?,
                        cooling_until: time(row.get(1)?),
                        failing_since: time(row.get(2)?),
                    },
                })
            })?;
            Ok(found.unwrap_or_default())
        })
        .collect()
}

fn find(tx: &Tx<'_>, id: &EmitterId) -> Result<Option<Emitter>, Failure> {
    let mut statement = tx.prepare(&tx.sql().emitter)?;
    let mut found = statement.query([id.as_str()])?;
    found.next()?.map(|row| read(tx, row)).transpose()
}

fn read(tx: &Tx<'_>, row: &Row<'_>) -> Result<Emitter, Failure> {
    let (url, patterns, settings): (String, String, String) =
        (row.get(1)?, row.get(2)?, row.get(4)?);
    let (headers, keys): (Option<Vec<u8>>, Vec<u8>) = (row.get(5)?, row.get(6)?);
    let (state, detail): (String, Option<String>) = (row.get(7)?, row.get(8)?);
    let tenant: Option<String> = row.get(3)?;
    let columns = EmitterColumns {
        id: rows::emitter_id(row, 0)?,
        url: &url,
        patterns: &patterns,
        tenant: rows::optional("a tenant", tenant.as_deref(), str::parse)?,
        settings: &settings,
        headers: headers.as_deref(),
        keys: &keys,
        state: &state,
        state_detail: detail.as_deref(),
        generation: row.get::<_, i64>(9)? as u64,
        created_at: rows::time(row, 10)?,
        updated_at: rows::time(row, 11)?,
    };
    Ok(columns.into_emitter(&tx.context.sealer)?)
}

fn insert(tx: &Tx<'_>, emitter: &Emitter) -> Result<(), Failure> {
    let (word, detail) = emitter.state.to_stored();
    tx.execute(
        &tx.sql().insert_emitter,
        params![
            emitter.id.as_str(),
            &*emitter.url,
            patterns_to_stored(&emitter.patterns),
            emitter.tenant.as_ref().map(Tenant::as_str),
            emitter.settings.to_stored(),
            sealed_headers(emitter, &tx.context.sealer, &tx.context.env),
            sealed_keys(emitter, &tx.context.sealer, &tx.context.env),
            word,
            detail,
            emitter.generation as i64,
            emitter.created_at.as_micros(),
            emitter.updated_at.as_micros(),
        ],
    )?;
    Ok(())
}

fn update(tx: &Tx<'_>, emitter: &Emitter) -> Result<(), Failure> {
    tx.execute(
        &tx.sql().update_emitter,
        params![
            emitter.id.as_str(),
            &*emitter.url,
            patterns_to_stored(&emitter.patterns),
            emitter.settings.to_stored(),
            sealed_headers(emitter, &tx.context.sealer, &tx.context.env),
            sealed_keys(emitter, &tx.context.sealer, &tx.context.env),
            emitter.updated_at.as_micros(),
        ],
    )?;
    Ok(())
}

fn table_changed(tx: &mut Tx<'_>, id: &EmitterId) -> Result<(), Failure> {
    tx.next(Sequence::Version)?;
    tx.forget_target(id);
    tx.for_others = true;
    Ok(())
}

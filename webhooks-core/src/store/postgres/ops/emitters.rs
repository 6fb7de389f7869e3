//! Attaching, changing and detaching emitters. Whoever changes one waits for others that do.

use std::sync::Arc;

use sqlx::{PgConnection, postgres::PgRow};

use super::super::{
    failure::Failure,
    rows::{self, Columns as _},
    tx::{Context, Tx, ask, get},
};
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

/// All emitters. A change between the two statements leaves the version behind: it is asked for again.
pub(in super::super) async fn table(
    connection: &mut PgConnection,
    cx: &Context,
) -> Result<EmitterTable, Failure> {
    let version = version(connection, cx).await?;
    let found = ask(&cx.sql.emitters).fetch_all(connection).await?;
    let emitters = found.iter().map(|row| read(cx, row).map(Arc::new));
    Ok(EmitterTable {
        version,
        emitters: emitters.collect::<Result<_, _>>()?,
    })
}

/// The version of the table.
pub(in super::super) async fn version(
    connection: &mut PgConnection,
    cx: &Context,
) -> Result<u64, Failure> {
    let row = ask(&cx.sql.version).fetch_one(connection).await?;
    rows::number(&row, 0)
}

/// Writes an emitter.
pub(in super::super) async fn put(
    connection: &mut PgConnection,
    cx: &Context,
    put: &PutEmitter,
) -> Result<PutOutcome, Failure> {
    let mut tx = Tx::begin(connection, cx, put.now).await?;
    let outcome = match find(&mut tx, &put.emitter.id).await? {
        Some(found) => put_over(found, put),
        None => {
            let emitter = Emitter {
                generation: tx.next_generation().await?,
                ..put.emitter.clone()
            };
            insert(&mut tx, &emitter).await?;
            PutOutcome::Created(Arc::new(emitter))
        }
    };
    match &outcome {
        PutOutcome::Created(_) => {}
        PutOutcome::Updated(updated) => update(&mut tx, updated).await?,
        _ => return Ok(outcome),
    }
    table_changed(&mut tx).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Changes an emitter's state. What is to be discarded is only taken down.
pub(in super::super) async fn set_state(
    connection: &mut PgConnection,
    cx: &Context,
    change: &SetState,
) -> Result<StateOutcome, Failure> {
    let SetState {
        emitter: id, now, ..
    } = change;
    let mut tx = Tx::begin(connection, cx, *now).await?;
    let Some(found) = find(&mut tx, id).await? else {
        return Ok(StateOutcome::NotFound);
    };
    let Some((state, discards)) = next_state(&found, change) else {
        return Ok(StateOutcome::Unchanged(Arc::new(found)));
    };
    let changed = Emitter {
        state,
        updated_at: changed_at(found.updated_at, *now),
        generation: if discards {
            tx.next_generation().await?
        } else {
            found.generation
        },
        ..found
    };
    let (word, detail) = state.to_stored();
    ask(&cx.sql.set_emitter_state)
        .bind(id.as_str())
        .bind(word)
        .bind(detail)
        .bind(changed.generation.cast_signed())
        .bind(changed.updated_at.as_micros())
        .execute(tx.connection())
        .await?;
    table_changed(&mut tx).await?;
    if change.change == StateChange::Restart {
        ask(&cx.sql.forget_health)
            .bind(id.as_str())
            .execute(tx.connection())
            .await?;
        let unowned = !tx.target(id).await?.is_leased;
        if unowned && has_pending(&mut tx, &changed).await? {
            tx.mark_unowned(id).await?;
        }
    }
    if discards {
        put_discard(&mut tx, id, changed.generation, DiscardReason::Paused, *now).await?;
    }
    tx.commit().await?;
    Ok(StateOutcome::Changed(Arc::new(changed)))
}

/// Removes an emitter; `false` if there is none. What is to be discarded is only taken down.
pub(in super::super) async fn remove(
    connection: &mut PgConnection,
    cx: &Context,
    id: &EmitterId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let mut tx = Tx::begin(connection, cx, now).await?;
    lock(&mut tx).await?;
    let removed = ask(&cx.sql.delete_emitter)
        .bind(id.as_str())
        .execute(tx.connection())
        .await?;
    if removed.rows_affected() == 0 {
        return Ok(false);
    }
    ask(&cx.sql.delete_marks)
        .bind(id.as_str())
        .execute(tx.connection())
        .await?;
    table_changed(&mut tx).await?;
    let generation = tx.next_generation().await?;
    put_discard(&mut tx, id, generation, DiscardReason::Detached, now).await?;
    tx.commit().await?;
    Ok(true)
}

/// How emitters stand.
pub(in super::super) async fn standing(
    connection: &mut PgConnection,
    cx: &Context,
    ids: &[EmitterId],
) -> Result<Vec<EmitterStanding>, Failure> {
    let ids: Vec<&str> = ids.iter().map(EmitterId::as_str).collect();
    let found = ask(&cx.sql.standing)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    found
        .iter()
        .map(|row| {
            if !get::<bool>(row, 5)? {
                return Ok(EmitterStanding::default());
            }
            Ok(EmitterStanding {
                pending: get::<i64>(row, 3)?.max(0).cast_unsigned(),
                oldest_pending_at: rows::optional_time(row, 4)?,
                health: Health {
                    consecutive_failures: row.small(0)?,
                    cooling_until: rows::optional_time(row, 1)?,
                    failing_since: rows::optional_time(row, 2)?,
                },
            })
        })
        .collect()
}

async fn lock(tx: &mut Tx<'_>) -> Result<(), Failure> {
    ask(&tx.cx.sql.lock_version)
        .fetch_one(tx.connection())
        .await?;
    Ok(())
}

/// Finds an emitter that is to be changed.
async fn find(tx: &mut Tx<'_>, id: &EmitterId) -> Result<Option<Emitter>, Failure> {
    lock(tx).await?;
    let found = ask(&tx.cx.sql.emitter)
        .bind(id.as_str())
        .fetch_optional(tx.connection())
        .await?;
    found.map(|row| read(tx.cx, &row)).transpose()
}

fn read(cx: &Context, row: &PgRow) -> Result<Emitter, Failure> {
    let columns = EmitterColumns {
        id: rows::emitter_id(row, 0)?,
        url: get(row, 1)?,
        patterns: get(row, 2)?,
        tenant: rows::optional("a tenant", get(row, 3)?, str::parse)?,
        settings: get(row, 4)?,
        headers: get(row, 5)?,
        keys: get(row, 6)?,
        state: get(row, 7)?,
        state_detail: get(row, 8)?,
        generation: rows::number(row, 9)?,
        created_at: rows::time(row, 10)?,
        updated_at: rows::time(row, 11)?,
    };
    Ok(columns.into_emitter(&cx.sealer)?)
}

async fn insert(tx: &mut Tx<'_>, emitter: &Emitter) -> Result<(), Failure> {
    let cx = tx.cx;
    let (word, detail) = emitter.state.to_stored();
    ask(&cx.sql.insert_emitter)
        .bind(emitter.id.as_str())
        .bind(&*emitter.url)
        .bind(patterns_to_stored(&emitter.patterns))
        .bind(emitter.tenant.as_ref().map(Tenant::as_str))
        .bind(emitter.settings.to_stored())
        .bind(sealed_headers(emitter, &cx.sealer, &cx.env))
        .bind(sealed_keys(emitter, &cx.sealer, &cx.env))
        .bind(word)
        .bind(detail)
        .bind(emitter.generation.cast_signed())
        .bind(emitter.created_at.as_micros())
        .bind(emitter.updated_at.as_micros())
        .execute(tx.connection())
        .await?;
    Ok(())
}

async fn update(tx: &mut Tx<'_>, emitter: &Emitter) -> Result<(), Failure> {
    let cx = tx.cx;
    ask(&cx.sql.update_emitter)
        .bind(emitter.id.as_str())
        .bind(&*emitter.url)
        .bind(patterns_to_stored(&emitter.patterns))
        .bind(emitter.settings.to_stored())
        .bind(sealed_headers(emitter, &cx.sealer, &cx.env))
        .bind(sealed_keys(emitter, &cx.sealer, &cx.env))
        .bind(emitter.updated_at.as_micros())
        .execute(tx.connection())
        .await?;
    Ok(())
}

async fn has_pending(tx: &mut Tx<'_>, emitter: &Emitter) -> Result<bool, Failure> {
    let row = ask(&tx.cx.sql.has_pending)
        .bind(emitter.id.as_str())
        .bind(emitter.generation.cast_signed())
        .fetch_one(tx.connection())
        .await?;
    get(&row, 0)
}

/// Takes down that whatever is pending under an older generation is to be discarded.
async fn put_discard(
    tx: &mut Tx<'_>,
    id: &EmitterId,
    generation: u64,
    reason: DiscardReason,
    now: Timestamp,
) -> Result<(), Failure> {
    ask(&tx.cx.sql.put_discard)
        .bind(id.as_str())
        .bind(generation.cast_signed())
        .bind(reason.as_str())
        .bind(now.as_micros())
        .execute(tx.connection())
        .await?;
    Ok(())
}

async fn table_changed(tx: &mut Tx<'_>) -> Result<(), Failure> {
    ask(&tx.cx.sql.next_version)
        .execute(tx.connection())
        .await?;
    tx.tell_others();
    Ok(())
}

//! Leasing emitters and giving them back.

use std::collections::HashSet;

use sqlx::PgConnection;

use super::{
    super::{
        failure::Failure,
        rows::{self, Columns as _},
        tx::{Context, Tx, ask, get},
    },
    claims::Claims,
};
use crate::{
    emitter::EmitterId,
    store::{Epoch, Health, Lease, LeaseRequest, NODE_LIFETIME, NodeId, Renewal},
};

/// So many emitters without an owner are taken by whoever comes first.
const FEW: usize = 64;
/// So many nodes, and so many leases of dead ones, are given up at once.
const MANY: i64 = 1_000;

/// Says that a node is alive, by the database's clock.
pub(in super::super) async fn renew(
    connection: &mut PgConnection,
    cx: &Context,
    node: NodeId,
) -> Result<Renewal, Failure> {
    let row = ask(&cx.sql.renew_node)
        .bind(node.as_uuid())
        .bind(NODE_LIFETIME.as_secs_f64())
        .fetch_optional(connection)
        .await?;
    Ok(match row {
        Some(row) => Renewal::Alive {
            until: rows::time(&row, 0)?,
            clock: Some(rows::time(&row, 1)?),
        },
        None => Renewal::Dead,
    })
}

/// Leases emitters.
pub(in super::super) async fn lease(
    connection: &mut PgConnection,
    cx: &Context,
    request: &LeaseRequest,
) -> Result<Vec<Lease>, Failure> {
    let wanted = match &request.emitters {
        Some(emitters) => {
            let mut seen = HashSet::new();
            let emitters = emitters.iter().filter(|emitter| seen.insert(*emitter));
            emitters.map(|emitter| emitter.as_str().into()).collect()
        }
        None => without_owner(connection, cx, request).await?,
    };
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let wanted: Vec<String> = wanted;
    let granted = ask(&cx.sql.lease)
        .bind(request.node.as_uuid())
        .bind(wanted)
        .bind(limit(request.limit))
        .fetch_all(connection)
        .await?;
    granted
        .iter()
        .map(|row| {
            Ok(Lease {
                emitter: rows::emitter_id(row, 0)?,
                epoch: rows::number(row, 1)?,
                health: Health {
                    consecutive_failures: row.small(2)?,
                    cooling_until: rows::optional_time(row, 3)?,
                    failing_since: rows::optional_time(row, 4)?,
                },
            })
        })
        .collect()
}

/// What to lease: active emitters that have something pending and no owner alive, and those of the node's
/// own that it must load.
///
/// Where several nodes are alive and much is without an owner, each takes its share at a time, so that it
/// spreads over them.
async fn without_owner(
    connection: &mut PgConnection,
    cx: &Context,
    request: &LeaseRequest,
) -> Result<Vec<String>, Failure> {
    let nodes = ask(&cx.sql.nodes).fetch_one(&mut *connection).await?;
    let alive = get::<i64>(&nodes, 0)?.max(1) as usize;
    let rows = ask(&cx.sql.without_owner)
        .bind(request.node.as_uuid())
        .bind(limit(request.limit))
        .fetch_all(&mut *connection)
        .await?;
    let (mut own, mut free) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for row in &rows {
        let emitter: String = get(row, 0)?;
        if !seen.insert(emitter.clone()) {
            continue;
        }
        if get(row, 1)? {
            own.push(emitter);
        } else {
            free.push(emitter);
        }
    }
    if request.recount {
        let pending = ask(&cx.sql.own_pending)
            .bind(request.node.as_uuid())
            .bind(limit(request.limit))
            .fetch_all(connection)
            .await?;
        for row in &pending {
            own.push(get(row, 0)?);
        }
        own.sort_unstable();
        own.dedup();
    }
    if alive > 1 && free.len() > FEW {
        // Each node begins elsewhere, or all would reach for the same.
        let from = (cx.env.unit() * free.len() as f64) as usize % free.len();
        free.rotate_left(from);
        free.truncate(free.len().div_ceil(alive).max(FEW));
    }
    own.extend(free);
    Ok(own)
}

/// Gives up nodes that nobody has heard of for long, and drops what dead nodes own and nobody has wanted.
/// Whatever is pending is marked, in a later statement: what was appended under such a lease before it was
/// dropped is seen then.
pub(in super::super) async fn bury(
    connection: &mut PgConnection,
    cx: &Context,
) -> Result<(), Failure> {
    let mut tx = Tx::begin(connection, cx, cx.env.now()).await?;
    ask(&cx.sql.kill_nodes)
        .bind(MANY)
        .execute(tx.connection())
        .await?;
    let dropped = ask(&cx.sql.drop_dead_leases)
        .bind(MANY)
        .fetch_all(tx.connection())
        .await?;
    let emitters = dropped.iter().map(|row| get(row, 0));
    let emitters: Vec<String> = emitters.collect::<Result<_, _>>()?;
    mark_pending(&mut tx, emitters).await?;
    tx.commit().await
}

/// Gives leases back, where node and epoch are still theirs.
pub(in super::super) async fn give_back(
    connection: &mut PgConnection,
    cx: &Context,
    node: NodeId,
    leases: &[(EmitterId, Epoch)],
) -> Result<(), Failure> {
    let claims: Claims<'_> = leases
        .iter()
        .map(|(emitter, epoch)| (emitter, *epoch))
        .collect();
    if claims.is_empty() {
        return Ok(());
    }
    let mut tx = Tx::begin(connection, cx, cx.env.now()).await?;
    let given = ask(&cx.sql.delete_leases)
        .bind(claims.emitters())
        .bind(claims.epochs())
        .bind(node.as_uuid())
        .fetch_all(tx.connection())
        .await?;
    let emitters = given.iter().map(|row| get(row, 0));
    let emitters: Vec<String> = emitters.collect::<Result<_, _>>()?;
    mark_pending(&mut tx, emitters).await?;
    tx.commit().await
}

async fn mark_pending(tx: &mut Tx<'_>, emitters: Vec<String>) -> Result<(), Failure> {
    if emitters.is_empty() {
        return Ok(());
    }
    let marked = ask(&tx.cx.sql.mark_pending)
        .bind(emitters)
        .execute(tx.connection())
        .await?;
    if marked.rows_affected() > 0 {
        tx.tell_others();
    }
    Ok(())
}

/// Puts these emitters under a new epoch: an append under the old one that may still be on its way is proven
/// by nothing then, and leaves a mark.
pub(in super::super) async fn new_epoch(
    connection: &mut PgConnection,
    cx: &Context,
    node: NodeId,
    claims: &Claims<'_>,
) -> Result<(), Failure> {
    ask(&cx.sql.new_epoch)
        .bind(claims.emitters())
        .bind(claims.epochs())
        .bind(node.as_uuid())
        .execute(connection)
        .await?;
    Ok(())
}

fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

//! Loading what is pending.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgConnection;

use super::{
    super::{
        failure::Failure,
        rows::{self, Columns as _},
        tx::{Context, ask, get},
    },
    claims::Claims,
};
use crate::{
    delivery::Progress,
    store::{Load, Loaded, NodeId, PendingRow},
};

/// Loads, an answer for each.
///
/// All that one statement finds is of one snapshot: that there is no mark, and what is pending. Where an
/// emitter is marked, and all of it is asked for, its marks are deleted first, and that is committed, since
/// what they are about may be committed after the first look.
pub(in super::super) async fn load(
    connection: &mut PgConnection,
    cx: &Context,
    loads: &[Load],
) -> Result<Vec<Loaded>, Failure> {
    let all: Vec<usize> = (0..loads.len()).collect();
    let mut answers: Vec<Option<Loaded>> = vec![None; loads.len()];
    for of_node in by_node(loads, &all) {
        let marked = read(connection, cx, loads, &of_node, true, &mut answers).await?;
        if marked.is_empty() {
            continue;
        }
        let node = loads[marked[0]].node;
        let claims = marked
            .iter()
            .map(|at| (&loads[*at].emitter, loads[*at].epoch))
            .collect();
        unmark(connection, cx, node, &claims).await?;
        read(connection, cx, loads, &marked, false, &mut answers).await?;
    }
    let answers = answers.into_iter();
    Ok(answers
        .map(|answer| answer.unwrap_or(Loaded::NotOwner))
        .collect())
}

/// The places of loads, those of each node together.
fn by_node(loads: &[Load], places: &[usize]) -> Vec<Vec<usize>> {
    let mut nodes: HashMap<NodeId, Vec<usize>> = HashMap::new();
    for at in places {
        nodes.entry(loads[*at].node).or_default().push(*at);
    }
    nodes.into_values().collect()
}

/// Deletes the marks that are seen, where the node is the owner.
async fn unmark(
    connection: &mut PgConnection,
    cx: &Context,
    node: NodeId,
    claims: &Claims<'_>,
) -> Result<(), Failure> {
    ask(&cx.sql.unmark)
        .bind(claims.emitters())
        .bind(claims.epochs())
        .bind(node.as_uuid())
        .execute(connection)
        .await?;
    Ok(())
}

/// Reads for the loads at these places, all of one node; returns those whose marks are to be deleted first.
async fn read(
    connection: &mut PgConnection,
    cx: &Context,
    loads: &[Load],
    places: &[usize],
    heeds_marks: bool,
    answers: &mut [Option<Loaded>],
) -> Result<Vec<usize>, Failure> {
    let asked: Vec<&Load> = places.iter().map(|at| &loads[*at]).collect();
    let Some(first) = asked.first() else {
        return Ok(Vec::new());
    };
    let column = |of: fn(&Load) -> i64| asked.iter().map(|load| of(load)).collect::<Vec<i64>>();
    let emitters: Vec<&str> = asked.iter().map(|load| load.emitter.as_str()).collect();
    let all_lanes: Vec<bool> = asked.iter().map(|load| load.only.is_none()).collect();
    let (mut only_places, mut only_lanes) = (Vec::new(), Vec::new());
    for (at, load) in asked.iter().enumerate() {
        for lane in load.only.iter().flatten() {
            only_places.push(at as i64 + 1);
            only_lanes.push(i64::from(*lane));
        }
    }
    let found = ask(&cx.sql.load)
        .bind(emitters)
        .bind(column(|load| load.epoch.cast_signed()))
        .bind(column(|load| load.after.cast_signed()))
        .bind(column(|load| i64::from(load.lanes.max(1))))
        .bind(all_lanes)
        .bind(column(|load| {
            i64::try_from(load.limit).unwrap_or(i64::MAX - 1)
        }))
        .bind(column(|load| {
            i64::try_from(load.max_bytes).unwrap_or(i64::MAX)
        }))
        .bind(vec![heeds_marks; asked.len()])
        .bind(first.node.as_uuid())
        .bind(only_places)
        .bind(only_lanes)
        .fetch_all(connection)
        .await?;
    let mut marked = Vec::new();
    let mut brought: HashMap<usize, (Vec<PendingRow>, u64)> = HashMap::new();
    for row in &found {
        let at = places[get::<i64>(row, 0)? as usize - 1];
        if heeds_marks && get(row, 1)? {
            if loads[at].is_from_zero() {
                marked.push(at);
            } else {
                answers[at] = Some(Loaded::Marked);
            }
            continue;
        }
        let (rows, total) = brought.entry(at).or_default();
        if let Some(seq) = get::<Option<i64>>(row, 3)? {
            *total = rows::number(row, 2)?;
            rows.push(PendingRow {
                seq: seq.cast_unsigned(),
                message: Arc::new(rows::message(row, 8)?),
                progress: Progress {
                    attempts: row.small(4)?,
                    attempts_since_queued: row.small(5)?,
                    first_attempt_at: rows::optional_time(row, 6)?,
                    due: rows::time(row, 7)?,
                },
            });
        }
    }
    for (at, (rows, total)) in brought {
        let more = total > rows.len() as u64;
        answers[at] = Some(Loaded::Rows { rows, more });
    }
    Ok(marked)
}

//! What becomes of what was queued.

use std::collections::BTreeMap;

use super::{Breach, Change, Inside, Key, Kind, Row, Rule, State, found};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    let mut rows: BTreeMap<&Key, &Row> = BTreeMap::new();
    for row in &inside.rows {
        if rows.insert(&row.key, row).is_some() {
            let what = format!("{:?} was queued twice as new", row.key);
            found(breaches, Rule::EndsRightly, what);
        }
    }
    ends(inside, &rows, breaches);
    nothing_else(inside, &rows, breaches);
    starts(inside, &rows, breaches);
    changes(inside, &rows, breaches);
}

fn ends(inside: &Inside, rows: &BTreeMap<&Key, &Row>, breaches: &mut Vec<Breach>) {
    let attempts = inside.attempts_of();
    for (key, row) in rows {
        let Some(end) = inside.ends.get(*key) else {
            found(
                breaches,
                Rule::EndsRightly,
                format!("{key:?} is not there at the end"),
            );
            continue;
        };
        let made = attempts.get(key).map_or(&[][..], |made| made);
        let is_right = match end.state {
            State::Pending => false,
            State::Delivered => made.iter().any(|attempt| attempt.heard.is_success()),
            State::Dead => end.reason.is_some() && !made.is_empty(),
            State::Discarded => is_discarded(inside, row),
        };
        if !is_right {
            let what = format!("{key:?} ended as {end:?} after {} attempts", made.len());
            found(breaches, Rule::EndsRightly, what);
        }
    }
}

/// What is in the store was queued; or it came for an old generation, and was never to be sent.
fn nothing_else(inside: &Inside, rows: &BTreeMap<&Key, &Row>, breaches: &mut Vec<Breach>) {
    for (key, end) in &inside.ends {
        let was_late = end.state == State::Discarded && end.attempts.is_empty();
        if !rows.contains_key(key) && !was_late {
            let what = format!("{key:?} was never queued, and ended as {end:?}");
            found(breaches, Rule::EndsRightly, what);
        }
    }
}

/// Whether somebody did what may have discarded this. What is queued again is discarded by what comes later.
fn is_discarded(inside: &Inside, row: &Row) -> bool {
    let emitter = &row.key.0;
    let mut changes = inside.changes.iter().chain(&inside.perhaps);
    let by_change = changes
        .any(|change| change.emitter == *emitter && change.kind.discards() && change.at >= row.at);
    by_change || inside.discards.iter().any(|(_, key)| *key == row.key)
}

fn starts(inside: &Inside, rows: &BTreeMap<&Key, &Row>, breaches: &mut Vec<Breach>) {
    for attempt in &inside.attempts {
        let was_queued = rows
            .get(&attempt.key)
            .is_some_and(|row| row.at <= attempt.start);
        if !was_queued {
            let what = format!("{attempt:?}");
            found(breaches, Rule::NothingFromNowhere, what);
        }
    }
}

/// What was changed, by emitters, each with the change that came after it.
fn changes<'a>(inside: &'a Inside, rows: &BTreeMap<&Key, &'a Row>, breaches: &mut Vec<Breach>) {
    let again = inside.queued_again();
    for attempt in &inside.attempts {
        let emitter = &attempt.key.0;
        // In the order of their commits.
        let of_emitter =
            inside.changes.iter().enumerate().filter(|(_, change)| {
                change.emitter == *emitter && change.kind != Kind::Configured
            });
        // The last one that this process must know of.
        let known = of_emitter
            .clone()
            .filter(|(_, change)| knows(inside, change, attempt.process, attempt.start));
        let last = known.clone().next_back();
        // One that was made since may have started it again.
        let is_since = |(nth, change): &(usize, &Change)| {
            last.is_none_or(|(last, _)| *nth > last) && change.at <= attempt.start
        };
        let may_be_started = |last: &Change| {
            let mut perhaps = inside.perhaps.iter();
            perhaps.any(|change| {
                change.emitter == *emitter
                    && !change.kind.stops()
                    && (last.at..=attempt.start).contains(&change.at)
            })
        };
        if let Some((_, last)) = last
            && last.kind.stops()
            && !may_be_started(last)
            && !of_emitter
                .filter(is_since)
                .any(|(_, change)| !change.kind.stops())
        {
            let what = format!("{attempt:?} after {last:?}");
            found(breaches, Rule::NothingWhileStopped, what);
        }
        let Some(row) = rows.get(&attempt.key) else {
            continue;
        };
        let mut discarding =
            known.filter(|(_, change)| change.kind.discards() && change.at > row.at);
        if let Some((_, change)) = discarding.next()
            && !again.contains(&attempt.key)
        {
            let what = format!("{attempt:?}, queued at {:?}, after {change:?}", row.at);
            found(breaches, Rule::NothingDiscarded, what);
        }
    }
}

/// Whether a process must know of a change by now: its own once it returned, others' after a while.
fn knows(inside: &Inside, change: &Change, process: usize, now: super::Moment) -> bool {
    change.returned.is_some_and(|returned| {
        let by = if change.process == process {
            returned
        } else {
            returned + inside.reach
        };
        by < now
    })
}

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

#[cfg(test)]
mod tests {
    use super::{
        super::{Heard, usual::*},
        *,
    };

    #[test]
    fn what_is_queued_ends_as_it_may() {
        let lost = |inside: &mut Inside| drop(inside.ends.remove(&key("b")));
        breaks(Rule::EndsRightly, lost);
        let ends = |state| {
            move |inside: &mut Inside| {
                inside.ends.insert(key("b"), end(state, &[1]));
            }
        };
        breaks(Rule::EndsRightly, ends(State::Pending));
        breaks(Rule::EndsRightly, ends(State::Discarded));
        keeps(ends(State::Dead));
        keeps(|inside| {
            ends(State::Discarded)(inside);
            inside.discards.push((ms(200), key("b")));
        });
        let perhaps = |at| {
            move |inside: &mut Inside| {
                ends(State::Discarded)(inside);
                inside.perhaps.push(change(Kind::Discarded, at));
            }
        };
        keeps(perhaps(11));
        breaks(Rule::EndsRightly, perhaps(10));
        breaks(Rule::EndsRightly, |inside| {
            inside.rows.push(row("a", 12, 3))
        });
        let another = |attempts: &'static [u32]| {
            move |inside: &mut Inside| {
                inside
                    .ends
                    .insert(key("c"), end(State::Discarded, attempts));
            }
        };
        breaks(Rule::EndsRightly, another(&[1]));
        keeps(another(&[]));
    }

    #[test]
    fn a_success_is_needed_to_be_delivered() {
        breaks(Rule::EndsRightly, |inside| {
            inside.attempts[2].heard = Heard::Failure
        });
        keeps(|inside| inside.attempts[2].heard = Heard::Status(299));
    }

    #[test]
    fn nothing_is_attempted_that_was_not_queued_before() {
        breaks(Rule::NothingFromNowhere, |inside| {
            inside.rows[0].at = ms(21)
        });
        keeps(|inside| inside.rows[0].at = ms(12));
    }

    #[test]
    fn nothing_starts_while_the_emitter_is_stopped() {
        breaks(Rule::NothingWhileStopped, |inside| {
            inside.changes.push(change(Kind::Paused, 135));
        });
        // What is in flight may end; another process hears of it a little later.
        keeps(|inside| inside.changes.push(change(Kind::Paused, 140)));
        let elsewhere = |at| {
            move |inside: &mut Inside| {
                inside.changes.push(Change {
                    process: 2,
                    ..change(Kind::Paused, at)
                });
            }
        };
        keeps(elsewhere(135));
        breaks(Rule::NothingWhileStopped, elsewhere(134));
        keeps(|inside| {
            inside.changes.push(change(Kind::Paused, 131));
            inside.changes.push(change(Kind::Restarted, 133));
        });
        // Or it may have been started, by a process that was killed.
        let perhaps = |at| {
            move |inside: &mut Inside| {
                inside.changes.push(change(Kind::Paused, 129));
                inside.perhaps.push(change(Kind::Restarted, at));
            }
        };
        keeps(perhaps(129));
        breaks(Rule::NothingWhileStopped, perhaps(128));
    }

    #[test]
    fn nothing_is_sent_that_was_discarded() {
        let discarded = |at| {
            move |inside: &mut Inside| {
                inside.changes.push(change(Kind::Discarded, at));
                inside.changes.push(change(Kind::Restarted, at));
            }
        };
        breaks(Rule::NothingDiscarded, discarded(135));
        keeps(discarded(140));
        keeps(|inside| {
            discarded(135)(inside);
            inside.again.push((ms(136), key("b")));
        });
    }
}

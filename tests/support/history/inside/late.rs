//! How late an attempt may be, and how old a delivery.
//!
//! Only histories without faults can say: a node that stands still, or a store that does, makes all late.

use std::{collections::BTreeMap, time::Duration};

use super::{Attempt, Breach, Heard, Inside, Key, Moment, Rule, Verdict, found, times::SLACK};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    if let Some(slack) = inside.slack {
        retries(inside, slack, breaches);
        ages(inside, breaches);
    }
}

/// An attempt that follows another begins once it is due, its emitter is not left alone, and nothing else of
/// it goes on that might be in the way.
fn retries(inside: &Inside, slack: Duration, breaches: &mut Vec<Breach>) {
    let again = inside.queued_again();
    let mut told: BTreeMap<&Key, Vec<(Moment, Moment)>> = BTreeMap::new();
    for settle in inside.settles.iter().filter(|settle| settle.was_taken) {
        if let Verdict::Retry(due) = settle.verdict {
            told.entry(&settle.key).or_default().push((settle.at, due));
        }
    }
    for attempt in &inside.attempts {
        let before = told.get(&attempt.key).into_iter().flatten();
        let last = before.rev().find(|(at, _)| *at <= attempt.start);
        let Some((_, due)) = last.filter(|_| !again.contains(&attempt.key)) else {
            continue;
        };
        let free = free_since(inside, attempt).max(*due);
        if attempt.start > free + slack {
            let what = format!("{attempt:?}, due at {due:?}, free at {free:?}");
            found(breaches, Rule::NotLate, what);
        }
    }
}

/// Since when nothing of its emitter's is in an attempt's way.
fn free_since(inside: &Inside, attempt: &Attempt) -> Moment {
    let emitter = &attempt.key.0;
    let before = |at: &Moment| *at <= attempt.start;
    let others = inside.attempts.iter();
    let others = others.filter(|other| other.key.0 == *emitter && other.start < attempt.start);
    let ends = others.map(|other| other.end.unwrap_or(attempt.start).min(attempt.start));
    let cooling = inside.cooling.iter();
    let cooling = cooling.filter(|cooling| cooling.emitter == *emitter && before(&cooling.at));
    let changes = inside.changes.iter();
    let changes = changes.filter(|change| change.emitter == *emitter && before(&change.at));
    ends.chain(cooling.map(|cooling| cooling.until))
        .chain(changes.map(|change| change.at + inside.reach))
        .max()
        .unwrap_or_default()
}

/// The age counts from the first attempt to the time for which the next is set; that may begin later, if its
/// emitter is paused then.
fn ages(inside: &Inside, breaches: &mut Vec<Breach>) {
    let again = inside.queued_again();
    let attempts = inside.attempts_of();
    for settle in inside.settles.iter().filter(|settle| settle.was_taken) {
        let most = inside.max_age.get(&settle.key.0);
        let first = attempts.get(&settle.key).and_then(|all| all.first());
        if let (Some(most), Some(first), Verdict::Retry(due)) = (most, first, settle.verdict)
            && due > first.start + *most + SLACK + inside.skew
            && !again.contains(&settle.key)
            && !was_gone(&attempts[&settle.key], settle.number)
        {
            let what = format!("{settle:?} after {first:?}, at most {most:?}");
            found(breaches, Rule::NotTooOld, what);
        }
    }
}

/// A receiver that wants no more has its emitter disabled; what it answered so is kept as it was.
fn was_gone(attempts: &[&Attempt], number: u32) -> bool {
    let mut with_number = attempts.iter().filter(|attempt| attempt.number == number);
    with_number.any(|attempt| attempt.heard == Heard::Status(410))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Cooling, Kind, usual::*},
        *,
    };

    /// The usual, with the second attempt so late, and what is allowed.
    fn retried(start: u64) -> impl FnOnce(&mut Inside) {
        move |inside| {
            inside.slack = Some(ms(100));
            inside.attempts[1] = attempt("a", 2, start, start + 5, OK);
            inside.attempts[2] = attempt("b", 1, start + 5, start + 10, OK);
            inside.settles[1].at = ms(start + 6);
            inside.settles[2].at = ms(start + 11);
        }
    }

    #[test]
    fn an_attempt_is_not_late() {
        keeps(retried(230));
        breaks(Rule::NotLate, retried(231));
    }

    #[test]
    fn it_may_wait_for_a_receiver_that_is_left_alone() {
        let cooling = |until| Cooling {
            at: ms(31),
            emitter: "crm".to_owned(),
            until: ms(until),
        };
        keeps(|inside| {
            retried(300)(inside);
            inside.cooling.push(cooling(200));
        });
        breaks(Rule::NotLate, |inside| {
            retried(300)(inside);
            inside.cooling.push(cooling(199));
        });
    }

    #[test]
    fn it_may_wait_for_its_emitter_to_be_started() {
        keeps(|inside| {
            retried(300)(inside);
            inside.changes.push(change(Kind::Restarted, 200));
            inside.reach = Duration::ZERO;
        });
    }

    #[test]
    fn a_delivery_is_not_tried_when_it_is_too_old() {
        let most = |most| {
            move |inside: &mut Inside| {
                inside.slack = Some(ms(100));
                inside.max_age.insert("crm".to_owned(), ms(most));
            }
        };
        // It begins at 20 ms, and is due again at 130 ms.
        keeps(most(108));
        breaks(Rule::NotTooOld, most(107));
    }
}

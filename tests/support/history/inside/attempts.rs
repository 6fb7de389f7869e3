//! How often something is attempted, and how much at once.

use std::collections::{BTreeMap, BTreeSet};

use super::{Attempt, Breach, Heard, Inside, Key, Moment, Process, Rule, found};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    successes(inside, breaches);
    numbers(inside, breaches);
    limits(inside, breaches);
    probes(inside, breaches);
}

fn successes(inside: &Inside, breaches: &mut Vec<Breach>) {
    let again = inside.queued_again();
    for (key, attempts) in inside.attempts_of() {
        if again.contains(key) {
            continue;
        }
        let mut done: BTreeMap<Process, &Attempt> = BTreeMap::new();
        for attempt in attempts {
            if let Some(before) = done.get(&attempt.process)
                && !was_taken(inside, before, attempt)
            {
                let what = format!("{attempt:?} after {before:?}");
                found(breaches, Rule::SuccessIsFinal, what);
            }
            if attempt.heard.is_success() {
                done.insert(attempt.process, attempt);
            }
        }
    }
}

/// Whether the emitter was taken between two attempts: what a process knew of it went with that.
fn was_taken(inside: &Inside, before: &Attempt, after: &Attempt) -> bool {
    inside.leases.iter().any(|lease| {
        lease.is_taken
            && lease.emitter == before.key.0
            && (before.start..=after.start).contains(&lease.at)
    })
}

fn numbers(inside: &Inside, breaches: &mut Vec<Breach>) {
    let again = inside.queued_again();
    for (key, end) in &inside.ends {
        let numbers: BTreeSet<u32> = end.attempts.iter().copied().collect();
        let count = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        // What was in flight when a node died was never written down, and its number is used again.
        if numbers.iter().copied().ne(1..=count) {
            let what = format!("{key:?} has attempts {:?}", end.attempts);
            found(breaches, Rule::NoGaps, what);
        }
        let most = inside.attempts_at_most.get(&key.0);
        // One that was answered with 410 does not count: the receiver wants nothing, whatever it is.
        let is_gone =
            |attempt: &&Attempt| attempt.key == *key && attempt.heard == Heard::Status(410);
        if let Some(most) = most
            && count > *most
            && !again.contains(key)
            && count as usize > *most as usize + inside.attempts.iter().filter(is_gone).count()
        {
            let what = format!("{key:?} has {count} attempts, of {most}");
            found(breaches, Rule::NoMoreAttempts, what);
        }
    }
}

fn limits(inside: &Inside, breaches: &mut Vec<Breach>) {
    let mut ends: BTreeMap<Process, Vec<Moment>> = BTreeMap::new();
    for attempt in &inside.attempts {
        let in_flight = ends.entry(attempt.process).or_default();
        in_flight.retain(|end| *end > attempt.start);
        in_flight.push(attempt.end.unwrap_or(Moment::MAX));
        if in_flight.len() > inside.in_flight {
            let what = format!("{attempt:?} is one of {} in flight", in_flight.len());
            found(breaches, Rule::WithinLimits, what);
        }
    }
}

/// Once a process has heard a failure of an emitter, and no success since, it makes one attempt at a time.
fn probes(inside: &Inside, breaches: &mut Vec<Breach>) {
    let mut emitters: BTreeMap<(Process, &str), Vec<&Attempt>> = BTreeMap::new();
    for attempt in &inside.attempts {
        let of_emitter = (attempt.process, attempt.key.0.as_str());
        emitters.entry(of_emitter).or_default().push(attempt);
    }
    let rows = inside.rows.iter();
    let generations: BTreeMap<&Key, u64> = rows.map(|row| (&row.key, row.generation)).collect();
    for attempts in emitters.values() {
        for (at, attempt) in attempts.iter().enumerate() {
            let before = &attempts[..at];
            let heard = before.iter().filter(|one| one.heard != Heard::Nothing);
            let (good, bad): (Vec<&&Attempt>, Vec<_>) =
                heard.partition(|one| one.heard.is_success());
            let bad = bad.into_iter().filter(|one| one.end < Some(attempt.start));
            let last = bad.max_by_key(|one| one.end);
            // What ends at the moment at which this begins may have come first. Whoever starts an emitter
            // again has its failures forgotten, and those of what was in flight when the process heard of it.
            let is_over = |last: &Attempt| {
                let restarted = inside.changes.iter().any(|change| {
                    change.emitter == attempt.key.0
                        && !change.kind.stops()
                        && change.at + inside.reach >= last.start
                        && change.at <= attempt.start
                });
                let since = |end: Option<Moment>| end >= last.end && end <= Some(attempt.start);
                // Or it was of an emitter that had been detached, and this is of one that was attached.
                let taken = was_taken(inside, last, attempt)
                    || generations.get(&last.key) != generations.get(&attempt.key);
                restarted || taken || good.iter().any(|one| since(one.end))
            };
            let fails = last.is_some_and(|last| !is_over(last));
            let beside = before
                .iter()
                .find(|one| one.end.is_none_or(|end| end > attempt.start));
            if let (true, Some(beside)) = (fails, beside) {
                let what = format!("{attempt:?} beside {beside:?}, after {last:?}");
                found(breaches, Rule::OneProbe, what);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Kind, Row, State, usual::*},
        *,
    };

    #[test]
    fn a_success_is_final_in_its_process() {
        let again = |process| {
            move |inside: &mut Inside| {
                let mut again = attempt("b", 2, 200, 210, OK);
                again.process = process;
                inside.attempts.push(again);
                inside.renewals.push(renewal(2, "n2", 100));
            }
        };
        breaks(Rule::SuccessIsFinal, again(1));
        keeps(again(2));
        keeps(|inside| {
            again(1)(inside);
            inside.again.push((ms(199), key("b")));
        });
    }

    #[test]
    fn attempts_have_no_gaps_and_an_end() {
        let numbers = |numbers: &'static [u32]| {
            move |inside: &mut Inside| {
                inside.ends.insert(key("a"), end(State::Delivered, numbers));
            }
        };
        breaks(Rule::NoGaps, numbers(&[1, 3]));
        breaks(Rule::NoMoreAttempts, numbers(&[1, 2, 3]));
        // Written down in another order than made: a late answer.
        keeps(numbers(&[2, 1]));
        keeps(|inside| {
            numbers(&[1, 2, 3])(inside);
            inside.again.push((ms(199), key("a")));
        });
    }

    #[test]
    fn no_more_are_in_flight_than_allowed() {
        let beside = |inside: &mut Inside| {
            inside.attempts[2].start = ms(135);
            inside.rows[1].lane = None;
        };
        breaks(Rule::WithinLimits, beside);
        keeps(|inside| {
            beside(inside);
            inside.in_flight = 2;
            inside.changes.push(change(Kind::Restarted, 132));
        });
    }

    #[test]
    fn what_fails_is_probed_by_one() {
        let beside = |heard| {
            move |inside: &mut Inside| {
                inside.rows.iter_mut().for_each(|row| row.lane = None);
                inside.rows.push(Row {
                    lane: None,
                    ..row("c", 12, 3)
                });
                inside.ends.insert(key("c"), end(State::Delivered, &[1]));
                inside.attempts[0].heard = heard;
                inside.attempts.insert(2, attempt("c", 1, 135, 150, OK));
                inside.in_flight = 2;
            }
        };
        breaks(Rule::OneProbe, beside(Heard::Status(500)));
        keeps(beside(OK).before_again());
        keeps(|inside| {
            beside(Heard::Status(500))(inside);
            inside.changes.push(change(Kind::Restarted, 133));
        });
    }

    /// A success is final, so its repetition is to be one that was asked for.
    trait BeforeAgain {
        fn before_again(self) -> impl FnOnce(&mut Inside);
    }

    impl<F: FnOnce(&mut Inside)> BeforeAgain for F {
        fn before_again(self) -> impl FnOnce(&mut Inside) {
            move |inside| {
                self(inside);
                inside.again.push((ms(100), key("a")));
            }
        }
    }
}

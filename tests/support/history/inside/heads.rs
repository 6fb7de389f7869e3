//! One attempt at a time in a lane, and nothing past a head that waits.

use std::collections::BTreeMap;

use super::{Attempt, Breach, Heard, Inside, Key, Process, Row, Rule, Settle, Verdict, found};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    let rows: BTreeMap<&Key, &Row> = inside.rows.iter().map(|row| (&row.key, row)).collect();
    let mut lanes: BTreeMap<(Process, &str, &str), Vec<&Attempt>> = BTreeMap::new();
    for attempt in &inside.attempts {
        if let Some(row) = rows.get(&attempt.key)
            && let Some(lane) = &row.lane
        {
            let lane = (attempt.process, attempt.key.0.as_str(), lane.as_str());
            lanes.entry(lane).or_default().push(attempt);
        }
    }
    let waits = waits(inside);
    for attempts in lanes.values() {
        for pair in attempts.windows(2) {
            let (before, after) = (pair[0], pair[1]);
            // At one moment an attempt may end and another begin.
            if before.end.is_none_or(|end| end > after.start) {
                let what = format!("{after:?} beside {before:?}");
                found(breaches, Rule::OneHead, what);
            }
            let number = (&before.key, before.number);
            let waits = waits
                .get(&number)
                .is_some_and(|settle| settle.process == before.process);
            // One whose answer was not heard is loaded anew, and so is what lies before it.
            let failed = before.heard != Heard::Nothing && !before.heard.is_success();
            // What lies before it in the order may come first, where all was loaded anew.
            let is_behind =
                rows.get(&after.key).map(|row| row.seq) > rows.get(&before.key).map(|row| row.seq);
            if waits
                && failed
                && is_behind
                && before.key != after.key
                && !was_freed(inside, before, after)
            {
                let what = format!("{after:?} past {before:?}");
                found(breaches, Rule::HeadFirst, what);
            }
        }
    }
}

/// Attempts after which there is to be another.
fn waits(inside: &Inside) -> BTreeMap<(&Key, u32), &Settle> {
    inside
        .settles
        .iter()
        .filter(|settle| settle.was_taken && matches!(settle.verdict, Verdict::Retry(_)))
        .map(|settle| ((&settle.key, settle.number), settle))
        .collect()
}

/// Whether something was done between two attempts that frees the lane of the first: the emitter was changed,
/// the delivery was taken out or queued again, or the lease moved meanwhile.
fn was_freed(inside: &Inside, before: &Attempt, after: &Attempt) -> bool {
    let emitter = &before.key.0;
    let within = |at| at >= before.start && at <= after.start;
    inside
        .changes
        .iter()
        .any(|change| change.emitter == *emitter && within(change.at))
        || inside
            .discards
            .iter()
            .any(|(at, key)| *key == before.key && within(*at))
        || inside
            .again
            .iter()
            .any(|(_, key)| *key == before.key || *key == after.key)
        || inside
            .leases
            .iter()
            .any(|lease| lease.emitter == *emitter && within(lease.at))
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Kind, usual::*},
        *,
    };

    #[test]
    fn a_lane_has_one_head() {
        breaks(Rule::OneHead, |inside| inside.attempts[2].start = ms(139));
        keeps(|inside| {
            inside.attempts[2].start = ms(139);
            inside.rows[1].lane = None;
            inside.in_flight = 2;
            // Its failure is forgotten.
            inside.changes.push(change(Kind::Restarted, 132));
        });
    }

    #[test]
    fn nothing_passes_a_head_that_waits() {
        let passed = |inside: &mut Inside| {
            let mut b = inside.attempts.remove(2);
            (b.start, b.end) = (ms(40), Some(ms(50)));
            inside.attempts.insert(1, b);
        };
        breaks(Rule::HeadFirst, passed);
        keeps(|inside| {
            passed(inside);
            inside.rows[1].seq = 0;
        });
        keeps(|inside| {
            passed(inside);
            inside.discards.push((ms(35), key("a")));
        });
    }
}

//! What a node may not do once it is not the owner, or its time is up.

use std::collections::BTreeMap;

use super::{
    Attempt, Breach, Inside, LIFETIME, MARGIN, Moment, Process, Rule, found, times::SLACK,
};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    outcomes(inside, breaches);
    times(inside, breaches);
}

fn outcomes(inside: &Inside, breaches: &mut Vec<Breach>) {
    let mut owners: BTreeMap<&str, (&str, u64)> = BTreeMap::new();
    let mut leases = inside.leases.iter().peekable();
    for settle in &inside.settles {
        while let Some(lease) = leases.next_if(|lease| lease.at <= settle.at) {
            if lease.is_taken {
                owners.insert(&lease.emitter, (&lease.node, lease.epoch));
            } else {
                owners.remove(lease.emitter.as_str());
            }
        }
        let owner = owners.get(settle.key.0.as_str());
        let claim = (settle.claim.0.as_str(), settle.claim.1);
        // Of two commits in one moment either may have been the first.
        let at_once = |lease: &super::Lease| lease.at == settle.at && lease.emitter == settle.key.0;
        if settle.was_taken && owner != Some(&claim) && !inside.leases.iter().any(at_once) {
            let what = format!("{settle:?}, owned by {owner:?}");
            found(breaches, Rule::NoStaleOutcome, what);
        }
    }
}

/// Nothing starts or goes on when the time of the last renewal is up.
fn times(inside: &Inside, breaches: &mut Vec<Breach>) {
    let mut renewals: BTreeMap<Process, Vec<(Moment, Moment)>> = BTreeMap::new();
    for renewal in &inside.renewals {
        let of_process = renewals.entry(renewal.process).or_default();
        of_process.push((renewal.at, renewal.asked + LIFETIME));
    }
    for attempt in &inside.attempts {
        let of_process = renewals.get(&attempt.process).map_or(&[][..], |all| all);
        let until = |now: Moment| {
            let committed = of_process.iter().filter(|(at, _)| *at <= now);
            committed.map(|(_, until)| *until).max().unwrap_or_default()
        };
        let end = attempt.end.unwrap_or(Moment::MAX);
        let is_late = end.saturating_add(MARGIN) > until(end);
        if attempt.start + MARGIN > until(attempt.start)
            || (is_late && !stood_still(inside, attempt, until(end)))
        {
            let what = format!("{attempt:?}, with time until {:?}", until(end));
            found(breaches, Rule::NothingPastItsTime, what);
        }
    }
}

/// Whether the process of an attempt that ends past its time stood still when that was up: it ends when the
/// process goes on.
fn stood_still(inside: &Inside, attempt: &Attempt, until: Moment) -> bool {
    inside.stalls.iter().any(|(process, from, to)| {
        *process == attempt.process
            && *from + MARGIN <= until
            && attempt.end.is_some_and(|end| end <= *to + SLACK)
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Lease, usual::*},
        *,
    };

    #[test]
    fn an_outcome_of_an_old_epoch_changes_nothing() {
        let moved = |inside: &mut Inside| {
            inside.leases.push(Lease {
                is_taken: false,
                ..lease("n1", 1, 142)
            });
            inside.leases.push(lease("n2", 2, 143));
            inside.renewals.push(renewal(2, "n2", 100));
        };
        breaks(Rule::NoStaleOutcome, moved);
        keeps(|inside| {
            moved(inside);
            inside.settles[2].was_taken = false;
        });
    }

    #[test]
    fn nothing_goes_on_when_the_time_is_up() {
        let late = |by: u64| {
            move |inside: &mut Inside| {
                inside.attempts[2].end = Some(ms(11_000 + by));
                inside.settles[2].at = ms(11_000 + by);
            }
        };
        breaks(Rule::NothingPastItsTime, late(1));
        keeps(late(0));
        keeps(|inside| {
            late(1)(inside);
            inside.renewals.push(renewal(1, "n1", 3_000));
        });
    }

    #[test]
    fn what_goes_on_when_a_process_goes_on_ends_then() {
        let stood_still = |from, to| {
            move |inside: &mut Inside| {
                inside.attempts[2].end = Some(ms(12_002));
                inside.settles[2].at = ms(12_003);
                inside.stalls.push((1, ms(from), ms(to)));
            }
        };
        keeps(stood_still(11_000, 12_000));
        breaks(Rule::NothingPastItsTime, stood_still(11_001, 12_000));
        breaks(Rule::NothingPastItsTime, stood_still(11_000, 11_999));
        breaks(Rule::NothingPastItsTime, |inside| {
            stood_still(11_000, 12_000)(inside);
            inside.attempts[2].start = ms(12_001);
        });
    }
}

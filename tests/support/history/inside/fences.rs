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

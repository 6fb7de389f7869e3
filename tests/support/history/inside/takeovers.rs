//! Work goes on when a node is killed.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Breach, Inside, Lease, Moment, Process, Rule, Verdict, found};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    let Some(within) = inside.takeover else {
        return;
    };
    for (at, process) in &inside.ended {
        for lease in owned(inside, *process, *at) {
            if has_work(inside, lease, *at) && !is_taken(inside, lease, *at, within) {
                let what = format!("{lease:?}, whose node ended at {at:?}");
                found(breaches, Rule::TakenOver, what);
            }
        }
    }
}

/// The leases that a process has when it ends.
fn owned(inside: &Inside, process: Process, at: Moment) -> Vec<&Lease> {
    let renewals = inside.renewals.iter();
    let own = renewals.filter(|renewal| renewal.process == process);
    let nodes: BTreeSet<&str> = own.map(|renewal| renewal.node.as_str()).collect();
    let mut last: BTreeMap<&str, &Lease> = BTreeMap::new();
    for lease in inside.leases.iter().filter(|lease| lease.at <= at) {
        last.insert(&lease.emitter, lease);
    }
    let is_own = |lease: &&Lease| lease.is_taken && nodes.contains(lease.node.as_str());
    last.into_values().filter(is_own).collect()
}

/// Whether something of the emitter's is pending from then on, and nobody changes that by hand.
fn has_work(inside: &Inside, lease: &Lease, at: Moment) -> bool {
    let is_changed = inside.changes.iter().any(|change| {
        change.emitter == lease.emitter && (change.kind.stops() || change.at >= lease.at)
    });
    let rows = inside.rows.iter();
    let mut rows = rows.filter(|row| row.key.0 == lease.emitter && row.at <= at);
    !is_changed
        && rows.any(|row| {
            let by_hand = |(_, key): &(Moment, _)| *key == row.key;
            let ended = inside.settles.iter().any(|settle| {
                settle.key == row.key
                    && settle.was_taken
                    && settle.at <= at
                    && !matches!(settle.verdict, Verdict::Retry(_))
            });
            !ended && !inside.discards.iter().any(by_hand) && !inside.again.iter().any(by_hand)
        })
}

fn is_taken(inside: &Inside, lease: &Lease, at: Moment, within: Duration) -> bool {
    inside.leases.iter().any(|other| {
        other.is_taken
            && other.emitter == lease.emitter
            && other.node != lease.node
            && (at..=at + within).contains(&other.at)
    })
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Heard, usual::*},
        *,
    };

    /// The node is killed with the second event pending; another takes over then.
    fn killed(taken: u64) -> impl FnOnce(&mut Inside) {
        move |inside| {
            inside.takeover = Some(ms(15_000));
            inside.ended.push((ms(145), 1));
            inside.attempts[2] = attempt("b", 1, 140, 145, Heard::Nothing);
            inside.settles[2].at = ms(taken + 100);
            inside.settles[2].process = 2;
            inside.settles[2].claim = ("n2".to_owned(), 2);
            inside
                .attempts
                .push(attempt("b", 1, taken + 50, taken + 60, OK));
            inside.attempts[3].process = 2;
            inside.renewals.push(renewal(2, "n2", taken));
            inside.leases.push(lease("n2", 2, taken));
        }
    }

    #[test]
    fn somebody_takes_over() {
        keeps(killed(15_145));
        breaks(Rule::TakenOver, killed(15_146));
    }
}

//! Who owns an emitter.

use std::collections::BTreeMap;

use super::{Breach, Inside, Kind, LIFETIME, Lease, Moment, Rule, found};

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    let mut owners: BTreeMap<&str, &Lease> = BTreeMap::new();
    let mut epochs: BTreeMap<&str, u64> = BTreeMap::new();
    for lease in &inside.leases {
        let emitter = lease.emitter.as_str();
        if !lease.is_taken {
            owners.remove(emitter);
            continue;
        }
        if let Some(owner) = owners.get(emitter)
            && owner.node != lease.node
            && !was_detached(inside, owner, lease)
            && alive_until(inside, &owner.node, lease.at) > lease.at
        {
            let what = format!("{lease:?} from {owner:?}, who is alive");
            found(breaches, Rule::LeasesAreSafe, what);
        }
        let last = epochs.insert(emitter, lease.epoch);
        if last.is_some_and(|last| last >= lease.epoch) {
            let what = format!("{lease:?} after epoch {last:?}");
            found(breaches, Rule::LeasesAreSafe, what);
        }
        owners.insert(emitter, lease);
    }
}

/// Whether the emitter was detached between two leases: the first went with it.
fn was_detached(inside: &Inside, first: &Lease, second: &Lease) -> bool {
    inside.changes.iter().any(|change| {
        change.emitter == first.emitter
            && change.kind == Kind::Detached
            && (first.at..=second.at).contains(&change.at)
    })
}

/// Until when a node is alive, as renewals stood at this moment; no longer than its process, which others
/// may see end.
fn alive_until(inside: &Inside, node: &str, now: Moment) -> Moment {
    let renewals = inside.renewals.iter();
    let renewals = renewals.filter(|renewal| renewal.node == node && renewal.at <= now);
    let until = renewals.clone().map(|renewal| renewal.asked + LIFETIME);
    let process = renewals.map(|renewal| renewal.process).next();
    let mut ends = inside
        .ended
        .iter()
        .filter(|(_, ended)| Some(*ended) == process);
    let end = ends.next().map_or(Moment::MAX, |(at, _)| *at);
    until.max().unwrap_or_default().min(end)
}

#[cfg(test)]
mod tests {
    use super::{super::usual::*, *};

    #[test]
    fn no_lease_is_taken_from_the_living() {
        let taken = |at, epoch| {
            move |inside: &mut Inside| {
                inside.renewals.push(renewal(2, "n2", at));
                inside.leases.push(lease("n2", epoch, at));
            }
        };
        breaks(Rule::LeasesAreSafe, taken(11_999, 2));
        keeps(taken(12_000, 2));
        breaks(Rule::LeasesAreSafe, taken(12_000, 1));
        keeps(|inside| {
            taken(500, 2)(inside);
            inside.ended.push((ms(400), 1));
        });
        keeps(|inside| {
            taken(500, 2)(inside);
            inside.changes.push(change(Kind::Detached, 400));
        });
    }
}

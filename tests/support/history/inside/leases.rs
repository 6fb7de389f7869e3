//! Who owns an emitter.

use std::collections::BTreeMap;

use super::{Breach, Inside, LIFETIME, Lease, Moment, Rule, found};

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

/// Until when a node is alive, as renewals stood at this moment.
fn alive_until(inside: &Inside, node: &str, now: Moment) -> Moment {
    let renewals = inside.renewals.iter();
    let until = renewals
        .filter(|renewal| renewal.node == node && renewal.at <= now)
        .map(|renewal| renewal.asked + LIFETIME);
    until.max().unwrap_or_default()
}

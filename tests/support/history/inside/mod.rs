//! What happened inside: what only a simulation, which sees every commit and every attempt, can know.
//!
//! Each rule is a function of its own over [`Inside`]; they look at nothing but what was recorded, and have
//! no opinion on how an engine works. All moments are of one clock, which never goes back.

mod attempts;
mod fences;
mod heads;
mod late;
mod leases;
mod receipts;
mod record;
mod rows;
mod rule;
mod takeovers;
mod times;
mod totals;
#[cfg(test)]
mod usual;

use std::collections::{BTreeMap, BTreeSet};

pub use self::{record::*, rule::*};
use super::Moment;

/// Checks what happened inside; all breaches.
#[must_use]
pub fn check(inside: &Inside) -> Vec<Breach> {
    let mut breaches = Vec::new();
    rows::check(inside, &mut breaches);
    receipts::check(inside, &mut breaches);
    heads::check(inside, &mut breaches);
    fences::check(inside, &mut breaches);
    leases::check(inside, &mut breaches);
    attempts::check(inside, &mut breaches);
    times::check(inside, &mut breaches);
    late::check(inside, &mut breaches);
    totals::check(inside, &mut breaches);
    takeovers::check(inside, &mut breaches);
    breaches
}

fn found(breaches: &mut Vec<Breach>, rule: Rule, what: String) {
    breaches.push(Breach { rule, what });
}

impl Inside {
    /// The attempts of each delivery, in their order.
    fn attempts_of(&self) -> BTreeMap<&Key, Vec<&Attempt>> {
        let mut attempts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for attempt in &self.attempts {
            attempts.entry(&attempt.key).or_default().push(attempt);
        }
        attempts
    }

    /// What was queued again, at whatever time: much is allowed of it.
    fn queued_again(&self) -> BTreeSet<&Key> {
        self.again.iter().map(|(_, key)| key).collect()
    }
}

//! When a retry may come.

use std::{collections::BTreeMap, time::Duration};

use super::{Breach, Inside, Key, Rule, Settle, Verdict, found};

/// Wall clocks are read to the microsecond, timers go off to the millisecond.
pub(super) const SLACK: Duration = Duration::from_millis(2);

pub(super) fn check(inside: &Inside, breaches: &mut Vec<Breach>) {
    let again = inside.queued_again();
    let mut retries: BTreeMap<&Key, Vec<&Settle>> = BTreeMap::new();
    for settle in inside.settles.iter().filter(|settle| settle.was_taken) {
        retries.entry(&settle.key).or_default().push(settle);
    }
    for attempt in &inside.attempts {
        if again.contains(&attempt.key) {
            continue;
        }
        let told = retries.get(&attempt.key).map_or(&[][..], |told| told);
        let last = told.iter().rfind(|settle| settle.at < attempt.start);
        if let Some(Settle {
            verdict: Verdict::Retry(due),
            ..
        }) = last
            && attempt.start + SLACK + inside.skew < *due
        {
            let what = format!("{attempt:?}, due at {due:?}");
            found(breaches, Rule::NotEarly, what);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::usual::*, *};

    #[test]
    fn no_attempt_comes_early() {
        let due = |at| {
            move |inside: &mut Inside| {
                inside.settles[0].verdict = Verdict::Retry(ms(at));
            }
        };
        breaks(Rule::NotEarly, due(133));
        keeps(due(132));
    }
}

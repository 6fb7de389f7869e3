//! What settled, per emitter and hour.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::row::Standing;
use crate::{
    emitter::EmitterId,
    env::Timestamp,
    store::{
        Stats,
        stats::{Change, Hour, Settled, first_hour_told_apart, hour_of},
    },
};

/// What settled, per emitter and hour.
#[derive(Default)]
pub(super) struct Counters {
    of_emitters: HashMap<EmitterId, BTreeMap<Hour, Change>>,
    /// Of emitters that are detached.
    of_others: BTreeMap<Hour, Change>,
}

impl Counters {
    /// Counts deliveries that became pending.
    pub(super) fn queued(&mut self, emitter: &EmitterId, now: Timestamp) {
        self.change(emitter, now, |change| change.pending += 1);
    }

    /// Counts a delivery that settled, or one that settled otherwise now.
    pub(super) fn settled(
        &mut self,
        emitter: &EmitterId,
        was_pending: bool,
        to: Standing,
        now: Timestamp,
    ) {
        self.change(emitter, now, |change| {
            change.pending -= i64::from(was_pending);
            let Settled {
                delivered,
                dead,
                discarded,
            } = &mut change.settled;
            match to {
                Standing::Pending => {}
                Standing::Delivered => *delivered += 1,
                Standing::Dead(_) => *dead += 1,
                Standing::Discarded(_) => *discarded += 1,
            }
        });
    }

    fn change(&mut self, emitter: &EmitterId, now: Timestamp, how: impl FnOnce(&mut Change)) {
        let hours = match self.of_emitters.get_mut(emitter) {
            Some(hours) => hours,
            None => self.of_emitters.entry(emitter.clone()).or_default(),
        };
        how(hours.entry(hour_of(now)).or_default());
    }

    /// Adds up what need not be told apart any more.
    pub(super) fn fold(&mut self, attached: &HashSet<EmitterId>, now: Timestamp) {
        let first = first_hour_told_apart(now);
        for (emitter, hours) in &mut self.of_emitters {
            fold(hours, first);
            if !attached.contains(emitter) {
                for (hour, change) in std::mem::take(hours) {
                    self.of_others.entry(hour).or_default().add(change);
                }
            }
        }
        self.of_emitters.retain(|_, hours| !hours.is_empty());
        fold(&mut self.of_others, first);
    }

    pub(super) fn stats(&self, attached: &HashSet<EmitterId>, now: Timestamp) -> Stats {
        let mut stats = Stats::default();
        for (emitter, hours) in &self.of_emitters {
            let shown = attached.contains(emitter).then_some(emitter);
            for (hour, change) in hours {
                stats.add(shown, *hour, *change, now);
            }
        }
        for (hour, change) in &self.of_others {
            stats.add(None, *hour, *change, now);
        }
        stats
    }
}

fn fold(hours: &mut BTreeMap<Hour, Change>, first: Hour) {
    let told_apart = hours.split_off(&first);
    let mut folded = Change::default();
    for change in std::mem::replace(hours, told_apart).into_values() {
        folded.add(change);
    }
    if folded != Change::default() {
        hours.insert(0, folded);
    }
}

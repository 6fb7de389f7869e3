//! The rules.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Answer, Arrival, Emit, History, Moment,
    inside::{self, Breach},
};

/// How a history breaks a rule. Emitter and delivery ID come first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Violation {
    /// It was acknowledged, and no arrival was answered with a success.
    Lost(String, String),
    /// It arrived, though nobody emitted it, it was refused, or it was another emitter's.
    Phantom(String, String),
    /// It arrived before it was emitted.
    TooEarly(String, String),
    /// Its body is not the payload that was emitted.
    OtherBody(String, String),
    /// It has not the same `webhook-id` at each attempt, each emitter and in the receipt.
    OtherMessage(String, String),
    /// It came again after a success, and no fault can have cost the outcome.
    Repeated(String, String),
    /// It came again after a fault, though what its lane sent after it did not.
    RepeatedAlone(String, String),
    /// `x-webhooks-attempt` did not grow, and no fault can have cost the outcome.
    NotGrown(String, String),
    /// It came before the second one, whose receipt was there before this one was emitted.
    Overtook(String, String, String),
    /// A rule of what happens inside.
    Inside(Breach),
}

/// What a history holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Events with a receipt.
    pub acknowledged: usize,
    /// Events that were neither acknowledged nor refused, and arrived.
    pub unacknowledged: usize,
    /// Deliveries that arrived.
    pub delivered: usize,
    /// For each fault, how many deliveries came again after it that had had their success.
    pub repeated: Vec<usize>,
}

/// Checks a history. An outcome reaches the store within `settling`: a fault that comes later cannot
/// cost it.
///
/// # Errors
/// All that breaks a rule.
pub fn check(history: &History, settling: Duration) -> Result<Summary, Vec<Violation>> {
    let mut check = Check {
        history,
        settling,
        deliveries: history.deliveries(),
        violations: Vec::new(),
    };
    check.losses();
    check.contents();
    check.attempts();
    let repeated = check.repetitions();
    check.order();
    let inside = inside::check(&history.inside);
    check
        .violations
        .extend(inside.into_iter().map(Violation::Inside));
    if !check.violations.is_empty() {
        return Err(check.violations);
    }
    let arrived: BTreeSet<&str> = check.deliveries.keys().map(|(_, id)| *id).collect();
    let acknowledged = |emit: &&Emit| matches!(emit.answer, Answer::Receipt(..));
    let unheard = |(id, emit): &(&String, &Emit)| {
        emit.answer == Answer::Unknown && arrived.contains(id.as_str())
    };
    Ok(Summary {
        acknowledged: history.emits.values().filter(acknowledged).count(),
        unacknowledged: history.emits.iter().filter(unheard).count(),
        delivered: check.deliveries.len(),
        repeated,
    })
}

/// When it was sent, its emitter and ID, and whether it was sent again.
type Sent<'a> = (Moment, &'a str, &'a str, bool);

/// What arrived in a lane first.
struct First<'a> {
    at: Moment,
    id: &'a str,
    emit: &'a Emit,
}

struct Check<'a> {
    history: &'a History,
    settling: Duration,
    deliveries: BTreeMap<(&'a str, &'a str), Vec<&'a Arrival>>,
    violations: Vec<Violation>,
}

impl<'a> Check<'a> {
    fn found(&mut self, rule: fn(String, String) -> Violation, emitter: &str, id: &str) {
        self.violations
            .push(rule(emitter.to_owned(), id.to_owned()));
    }

    fn losses(&mut self) {
        for (id, emit) in &self.history.emits {
            if !matches!(emit.answer, Answer::Receipt(..)) {
                continue;
            }
            for emitter in emit.targets.keys() {
                let arrivals = self.deliveries.get(&(emitter.as_str(), id.as_str()));
                let arrived = arrivals.is_some_and(|all| all.iter().any(|one| one.success));
                if !arrived && !self.is_given_up(emitter, id) {
                    self.found(Violation::Lost, emitter, id);
                }
            }
        }
    }

    fn contents(&mut self) {
        let mut message_ids: BTreeMap<&str, &str> = BTreeMap::new();
        for (id, emit) in &self.history.emits {
            if let Answer::Receipt(_, Some(message_id)) = &emit.answer {
                message_ids.insert(id, message_id);
            }
        }
        for arrival in &self.history.arrivals {
            let Arrival { emitter, id, .. } = arrival;
            let emit = self.history.emits.get(id);
            let Some(emit) = emit.filter(|emit| {
                emit.answer != Answer::Refused && emit.targets.contains_key(emitter)
            }) else {
                self.found(Violation::Phantom, emitter, id);
                continue;
            };
            if arrival.at < emit.called {
                self.found(Violation::TooEarly, emitter, id);
            }
            if arrival.body != emit.body {
                self.found(Violation::OtherBody, emitter, id);
            }
            let known = message_ids.entry(id).or_insert(&arrival.message_id);
            // A copy that a process made which was killed has an ID that nobody heard of.
            let again = (emitter.to_owned(), id.to_owned());
            let may_be_copy = self.history.wanted_again.contains(&again);
            if *known != arrival.message_id && !may_be_copy {
                self.found(Violation::OtherMessage, emitter, id);
            }
        }
    }

    fn attempts(&mut self) {
        for ((emitter, id), arrivals) in self.deliveries.clone() {
            let key = (emitter.to_owned(), id.to_owned());
            if self.history.wanted_again.contains(&key) {
                continue;
            }
            for (at, later) in arrivals.iter().enumerate() {
                let kept = |earlier: &&&Arrival| !self.is_lost(earlier, later);
                let mut kept = arrivals[..at].iter().filter(kept);
                if kept.clone().any(|earlier| earlier.success) {
                    self.found(Violation::Repeated, emitter, id);
                } else if kept.any(|earlier| earlier.attempt >= later.attempt) {
                    self.found(Violation::NotGrown, emitter, id);
                }
            }
        }
    }

    /// Whether a fault between two arrivals can have cost the outcome of the first.
    fn is_lost(&self, earlier: &Arrival, later: &Arrival) -> bool {
        self.history
            .faults
            .get(self.next_fault(earlier.at))
            .is_some_and(|fault| {
                *fault <= later.at && *fault <= earlier.at.saturating_add(self.settling)
            })
    }

    /// The place of the first fault that is not before this moment.
    fn next_fault(&self, at: Moment) -> usize {
        self.history.faults.partition_point(|fault| *fault < at)
    }

    /// Outcomes are settled in the order in which they came: what a fault costs a lane is the end of
    /// what it had sent.
    fn repetitions(&mut self) -> Vec<usize> {
        let faults = self.history.faults.len();
        let mut counts = vec![0; faults];
        // What had its success before each fault, by lanes.
        let mut lanes: BTreeMap<(usize, &str), Vec<Sent<'_>>> = BTreeMap::new();
        for ((emitter, id), arrivals) in &self.deliveries {
            let successes = arrivals.iter().enumerate().filter(|(_, one)| one.success);
            let last: BTreeMap<usize, usize> = successes
                .map(|(place, one)| (self.next_fault(one.at), place))
                .collect();
            for (fault, place) in last.into_iter().filter(|(fault, _)| *fault < faults) {
                let again = place + 1 < arrivals.len();
                counts[fault] += usize::from(again);
                // What was discarded meanwhile does not come again.
                let counts = again || !self.is_given_up(emitter, id);
                if let Some(lane) = self.lane_of(emitter, id).filter(|_| counts) {
                    let at = arrivals[place].at;
                    let sent = (at, *emitter, *id, again);
                    lanes.entry((fault, lane)).or_default().push(sent);
                }
            }
        }
        for mut sent in lanes.into_values() {
            sent.sort_unstable();
            let end = sent.iter().rposition(|(.., again)| !again).unwrap_or(0);
            if let Some((_, emitter, id, _)) = sent[..end].iter().find(|(.., again)| *again) {
                self.found(Violation::RepeatedAlone, emitter, id);
            }
        }
        counts
    }

    fn order(&mut self) {
        let mut lanes: BTreeMap<&str, Vec<First<'_>>> = BTreeMap::new();
        for ((emitter, id), arrivals) in &self.deliveries {
            let emit = self.history.emits.get(*id);
            let Some((lane, emit)) = self.lane_of(emitter, id).zip(emit) else {
                continue;
            };
            let (at, given_up) = (arrivals[0].at, self.is_given_up(emitter, id));
            if !given_up {
                lanes.entry(lane).or_default().push(First { at, id, emit });
            }
        }
        for (lane, mut firsts) in lanes {
            firsts.sort_by_key(|first| first.at);
            // Of those that have arrived, the one that was emitted last.
            let mut latest: Option<&First<'_>> = None;
            for first in &firsts {
                if let (Answer::Receipt(receipt, _), Some(latest)) = (&first.emit.answer, latest)
                    && *receipt < latest.emit.called
                {
                    self.violations.push(Violation::Overtook(
                        lane.to_owned(),
                        latest.id.to_owned(),
                        first.id.to_owned(),
                    ));
                }
                if latest.is_none_or(|latest| latest.emit.called < first.emit.called) {
                    latest = Some(first);
                }
            }
        }
    }

    fn lane_of(&self, emitter: &str, id: &str) -> Option<&'a str> {
        let targets = &self.history.emits.get(id)?.targets;
        targets.get(emitter)?.as_deref()
    }

    fn is_given_up(&self, emitter: &str, id: &str) -> bool {
        let key = (emitter.to_owned(), id.to_owned());
        self.history.given_up.contains(&key)
    }
}

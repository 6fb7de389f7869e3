//! Which calls are struck, and how.

use std::{collections::BTreeMap, fmt, time::Duration};

use super::Operation;
use crate::store::conformance::chance::Chance;

/// The longest delay that is drawn.
const MAX_DELAY: usize = 200;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It fails before anything is done.
    Refused,
    /// It is done, but its answer is lost: an error comes instead.
    Lost,
    /// It comes to the store so much later, even if its future is dropped meanwhile.
    Delayed(Duration),
    /// It is done at once, and its answer comes so much later.
    Late(Duration),
}

/// Which calls are struck, and how.
#[derive(Default)]
pub(super) struct Script {
    calls: u64,
    calls_of: BTreeMap<Operation, u64>,
    planned: BTreeMap<u64, Fault>,
    planned_of: BTreeMap<(Operation, u64), Fault>,
    random: Option<(Chance, usize)>,
    chosen: Option<Box<Choose>>,
    fired: u64,
}

/// What happens to a call of this method.
type Choose = dyn FnMut(Operation) -> Option<Fault> + Send;

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Script")
            .field("calls", &self.calls)
            .field("planned", &self.planned)
            .field("planned_of", &self.planned_of)
            .field("random", &self.random)
            .field("fired", &self.fired)
            .finish_non_exhaustive()
    }
}

impl Script {
    pub(super) fn strike_nth(&mut self, n: u64, fault: Fault) {
        self.planned.insert(self.calls + n, fault);
    }

    pub(super) fn strike_nth_of(&mut self, operation: Operation, n: u64, fault: Fault) {
        let at = self.calls_of(operation) + n;
        self.planned_of.insert((operation, at), fault);
    }

    pub(super) fn strike_at_random(&mut self, seed: u64, one_in: usize) {
        self.random = Some((Chance::new(seed), one_in.max(1)));
    }

    pub(super) fn strike_as(
        &mut self,
        choose: impl FnMut(Operation) -> Option<Fault> + Send + 'static,
    ) {
        self.chosen = Some(Box::new(choose));
    }

    pub(super) fn heal(&mut self) {
        self.planned.clear();
        self.planned_of.clear();
        self.random = None;
        self.chosen = None;
    }

    /// Counts a call; returns what happens to it.
    pub(super) fn next(&mut self, operation: Operation) -> Option<Fault> {
        self.calls += 1;
        let of = self.calls_of.entry(operation).or_default();
        *of += 1;
        let fault = self.planned_of.remove(&(operation, *of));
        let fault = fault.or(self.planned.remove(&self.calls));
        let fault = fault.or_else(|| self.random.as_mut().and_then(draw));
        let fault = fault.or_else(|| self.chosen.as_mut().and_then(|choose| choose(operation)));
        self.fired += u64::from(fault.is_some());
        fault
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn calls_of(&self, operation: Operation) -> u64 {
        self.calls_of.get(&operation).copied().unwrap_or_default()
    }

    pub(super) fn fired(&self) -> u64 {
        self.fired
    }
}

fn draw((chance, one_in): &mut (Chance, usize)) -> Option<Fault> {
    if !chance.one_in(*one_in) {
        return None;
    }
    Some(match chance.below(3) {
        0 => Fault::Refused,
        1 => Fault::Lost,
        _ => Fault::Delayed(Duration::from_millis(chance.below(MAX_DELAY) as u64)),
    })
}

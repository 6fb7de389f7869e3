//! Breadth first through all states, so that the first violation has the shortest trace.

use std::{
    collections::HashMap,
    fmt::Write as _,
    hash::{BuildHasherDefault, Hash, Hasher},
};

use super::{
    action::Action,
    append,
    bounds::World,
    deliver, inside, lease, life, load,
    state::State,
    steps::{Next, Steps},
    violation::{Kind, Violation},
};

/// What a search found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) steps: usize,
    /// How many states are at rest: whatever must happen has happened.
    pub(crate) at_rest: usize,
    pub(crate) failure: Option<Failure>,
}

#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) violation: Violation,
    /// The steps that lead to it, a line each.
    pub(crate) trace: String,
    pub(crate) length: usize,
}

/// One state that was reached.
struct Visit {
    state: State,
    from: u32,
    action: Option<Action>,
    /// The next state with the same hash.
    same_hash: u32,
}

const NONE: u32 = u32::MAX;

#[derive(Default)]
struct Search {
    visits: Vec<Visit>,
    /// The last visit of each hash.
    index: HashMap<u64, u32, BuildHasherDefault<Mixer>>,
    steps: usize,
    /// Where the steps that must happen lead, state by state.
    edges: Vec<u32>,
    edges_end: Vec<u32>,
    at_rest: Vec<u32>,
}

/// All steps from a state.
pub(crate) fn next(state: &State, world: &World, found: &mut Vec<Next>) {
    found.clear();
    let mut steps = Steps {
        from: state,
        world,
        found,
    };
    append::steps(&mut steps);
    inside::steps(&mut steps);
    load::steps(&mut steps);
    deliver::steps(&mut steps);
    lease::steps(&mut steps);
    life::steps(&mut steps);
    let second = |next: &Next| next.action.is_second_half();
    if !world.bounds.halves
        && let Some(at) = found.iter().position(second)
    {
        found.swap(0, at);
        found.truncate(1);
    }
}

/// Goes through all states, up to a violation that is of no kind in `beyond`.
pub(crate) fn search(world: &World, beyond: &[Kind]) -> Found {
    let counts = |violation: &Violation| !beyond.contains(&violation.kind());
    let mut search = Search::default();
    search.visit(State::first(&world.bounds), NONE, None);
    let mut found = Vec::new();
    let mut at = 0;
    while at < search.visits.len() {
        let state = search.visits[at].state;
        next(&state, world, &mut found);
        let mut rests = true;
        for next in &found {
            search.steps += 1;
            let to = search.visit(next.state, at as u32, Some(next.action));
            if let Some(violation) = next.violation.filter(counts) {
                return search.failed(at as u32, Some(next.action), violation);
            }
            if !next.action.is_chance(world) && to != at as u32 {
                rests = false;
                search.edges.push(to);
            }
        }
        search.edges_end.push(search.edges.len() as u32);
        if rests {
            search.at_rest.push(at as u32);
            let messages = state.db.pending();
            let violation = Violation::Lost { messages };
            if messages != 0 && counts(&violation) {
                return search.failed(at as u32, None, violation);
            }
        }
        at += 1;
    }
    match search.restless() {
        Some(at) if counts(&Violation::Restless) => search.failed(at, None, Violation::Restless),
        _ => search.found(None),
    }
}

impl Search {
    /// The number of a state; a new one is noted.
    fn visit(&mut self, state: State, from: u32, action: Option<Action>) -> u32 {
        let mut mixer = Mixer::default();
        state.hash(&mut mixer);
        let hash = mixer.finish();
        let new = self.visits.len() as u32;
        let last = self.index.get(&hash).copied().unwrap_or(NONE);
        let mut at = last;
        while at != NONE {
            let visit = &self.visits[at as usize];
            if visit.state == state {
                return at;
            }
            at = visit.same_hash;
        }
        self.index.insert(hash, new);
        self.visits.push(Visit {
            state,
            from,
            action,
            same_hash: last,
        });
        new
    }

    /// A state from which the steps that must happen never come to an end.
    fn restless(&self) -> Option<u32> {
        let count = self.visits.len();
        let mut into: Vec<Vec<u32>> = vec![Vec::new(); count];
        let mut begin = 0;
        for (at, end) in self.edges_end.iter().enumerate() {
            for to in &self.edges[begin..*end as usize] {
                into[*to as usize].push(at as u32);
            }
            begin = *end as usize;
        }
        let mut calm = vec![false; count];
        let mut todo = self.at_rest.clone();
        while let Some(at) = todo.pop() {
            if !std::mem::replace(&mut calm[at as usize], true) {
                todo.extend(&into[at as usize]);
            }
        }
        calm.iter().position(|calm| !calm).map(|at| at as u32)
    }

    fn found(self, failure: Option<Failure>) -> Found {
        Found {
            states: self.visits.len(),
            steps: self.steps,
            at_rest: self.at_rest.len(),
            failure,
        }
    }

    fn failed(self, at: u32, last: Option<Action>, violation: Violation) -> Found {
        let mut actions: Vec<Action> = last.into_iter().collect();
        let mut at = at;
        while at != NONE {
            let visit = &self.visits[at as usize];
            actions.extend(visit.action);
            at = visit.from;
        }
        actions.reverse();
        let mut trace = String::new();
        for (number, action) in (1..).zip(&actions) {
            writeln!(trace, "{number:>4}. {action}").expect("a string takes all");
        }
        write!(trace, "      => {violation}").expect("a string takes all");
        self.found(Some(Failure {
            violation,
            trace,
            length: actions.len(),
        }))
    }
}

/// A quick hash of many small numbers; states are compared in full.
#[derive(Default)]
struct Mixer(u64);

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(5) ^ number).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }
}

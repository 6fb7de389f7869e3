//! A run beside a store that is obviously right, while appends, loads and outcomes overtake each other.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use proptest::prelude::*;
use tokio::time::Instant;

use super::{Ownership, Readiness, Run, RunId, Scan, Straight};
use crate::{
    delivery::Seq,
    emitter::{Emitter, EmitterConfig},
    engine::lane::{Entry, tests::entry},
    env::Env,
    store::lane_of,
};

fn run(lanes: u32) -> Run {
    let config = EmitterConfig::new("https://example.com/").unwrap();
    let emitter = Emitter::new(
        "e".try_into().unwrap(),
        Arc::new([]),
        config.lanes(lanes),
        &Env::system(),
    );
    let url = Arc::new("https://example.com/".parse().unwrap());
    let mut run = Run::new(RunId(0), Arc::new(emitter), url);
    run.ownership = Ownership::Held(1);
    run.want_load();
    run
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// An append begins; its deliveries get their places.
    Append(u64),
    /// The append at this place of those under way is committed, or its answer heard.
    Commit(usize),
    Answer(usize),
    /// Another node appends so many to the lane of this key, and leaves a mark.
    Elsewhere(u64, usize),
    Told,
    BeginLoad,
    Read,
    AnswerLoad,
    FailLoad,
    Take,
    Deliver(usize),
    Fail(usize),
    /// The oldest outcome is written down, or that is heard.
    Settle,
    AnswerSettle,
    Discard(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let few_or_many = prop_oneof![4 => 1_usize..3, 1 => 16_usize..40];
    let step = prop_oneof![
        4 => (0_u64..3).prop_map(Step::Append),
        4 => (0_usize..3).prop_map(Step::Commit),
        4 => (0_usize..3).prop_map(Step::Answer),
        1 => (0_u64..3, few_or_many).prop_map(|(key, count)| Step::Elsewhere(key, count)),
        1 => Just(Step::Told),
        2 => Just(Step::BeginLoad),
        2 => Just(Step::Read),
        1 => Just(Step::AnswerLoad),
        1 => Just(Step::FailLoad),
        8 => Just(Step::Take),
        8 => (0_usize..3).prop_map(Step::Deliver),
        1 => (0_usize..3).prop_map(Step::Fail),
        3 => Just(Step::Settle),
        3 => Just(Step::AnswerSettle),
        1 => (0_usize..9).prop_map(Step::Discard),
    ];
    proptest::collection::vec(step, 1..400)
}

/// An append under way.
struct Append {
    entry: Entry,
    straight: Option<Straight>,
    /// Once it is committed: whether it was proven that it can go straight.
    committed: Option<bool>,
    /// What was heard of before it began, and was pending.
    behind: Vec<Seq>,
}

/// A load under way.
struct Load {
    scan: Scan,
    rows: usize,
    read: Option<Page>,
}

enum Page {
    Rows(Vec<Entry>, bool),
    Marked,
}

struct World {
    run: Run,
    /// The store answers with at most so many rows.
    page: usize,
    now: Instant,
    last: Seq,
    pending: BTreeMap<Seq, Entry>,
    marked: bool,
    appends: Vec<Append>,
    load: Option<Load>,
    flying: Vec<(u32, Entry)>,
    /// Outcomes that are not written down, and those that are, unheard of: tried again, if so.
    outcomes: Vec<(Seq, Option<Entry>)>,
    settled: Vec<(Seq, bool)>,
    /// What is behind what, in its lane.
    behind: BTreeMap<Seq, Vec<Seq>>,
    heard: BTreeSet<Seq>,
    delivered: HashSet<Seq>,
    discarded: HashSet<Seq>,
}

impl World {
    fn new(lanes: u32, page: usize) -> Self {
        Self {
            run: run(lanes),
            page,
            now: Instant::now(),
            last: 0,
            pending: BTreeMap::new(),
            marked: false,
            appends: Vec::new(),
            load: None,
            flying: Vec::new(),
            outcomes: Vec::new(),
            settled: Vec::new(),
            behind: BTreeMap::new(),
            heard: BTreeSet::new(),
            delivered: HashSet::new(),
            discarded: HashSet::new(),
        }
    }

    /// One delivery more, in the lane of this key.
    fn entry(&mut self, key: u64) -> Entry {
        self.last += 1;
        let mut entry = entry(self.last, self.now);
        let message = Arc::get_mut(&mut entry.message).unwrap();
        message.ordering_key = Some(key.to_string().try_into().unwrap());
        entry
    }

    fn lane(&self, entry: &Entry) -> u32 {
        lane_of(entry.seq, &entry.message, self.run.emitter.settings.lanes)
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Append(key) => self.append(key),
            Step::Commit(at) => self.commit(at),
            Step::Answer(at) => self.answer(at),
            Step::Elsewhere(key, count) => {
                for _ in 0..count {
                    let entry = self.entry(key);
                    let behind = self.heard_of(&entry);
                    self.heard.insert(entry.seq);
                    self.behind.insert(entry.seq, behind);
                    self.pending.insert(entry.seq, entry);
                }
                self.marked = true;
            }
            Step::Told => {
                if self.marked {
                    self.run.want_load();
                }
            }
            Step::BeginLoad => self.begin_load(),
            Step::Read => self.read(),
            Step::AnswerLoad => self.answer_load(),
            Step::FailLoad => {
                if self.load.take().is_some() {
                    self.run.load_failed();
                }
            }
            Step::Take => self.take(),
            Step::Deliver(at) => self.finish(at, false),
            Step::Fail(at) => self.finish(at, true),
            Step::Settle => self.settle(),
            Step::AnswerSettle => {
                if !self.settled.is_empty() {
                    let (seq, pending) = self.settled.remove(0);
                    self.run.settled(seq, pending);
                }
            }
            Step::Discard(at) => self.discard(at),
        }
    }

    fn append(&mut self, key: u64) {
        let entry = self.entry(key);
        self.appends.push(Append {
            straight: self.run.straight(),
            committed: None,
            behind: self.heard_of(&entry),
            entry,
        });
    }

    /// What somebody has a receipt of, and is pending in this delivery's lane.
    fn heard_of(&self, entry: &Entry) -> Vec<Seq> {
        let lane = self.lane(entry);
        let same_lane = |seq: &&Seq| {
            let other = self.pending.get(seq);
            other.is_some_and(|other| self.lane(other) == lane)
        };
        self.heard.iter().filter(same_lane).copied().collect()
    }

    fn commit(&mut self, at: usize) {
        if let Some(append) = self.appends.get_mut(at)
            && append.committed.is_none()
        {
            append.committed = Some(append.straight.is_some() && !self.marked);
            self.marked |= append.straight.is_none();
            let entry = append.entry.clone();
            self.pending.insert(entry.seq, entry);
        }
    }

    fn answer(&mut self, at: usize) {
        let is_committed = |append: &Append| append.committed.is_some();
        if !self.appends.get(at).is_some_and(is_committed) {
            return;
        }
        let append = self.appends.remove(at);
        let seq = append.entry.seq;
        match append.straight {
            Some(straight) if append.committed == Some(true) => {
                self.run.push(&straight, append.entry);
            }
            _ => self.run.want_load(),
        }
        self.heard.insert(seq);
        self.behind.insert(seq, append.behind);
    }

    fn begin_load(&mut self) {
        if self.load.is_none() && self.run.needs_load() {
            let scan = self.run.begin_load();
            let (rows, _) = self.run.page(&scan);
            self.load = Some(Load {
                scan,
                rows: rows.min(self.page),
                read: None,
            });
        }
    }

    fn read(&mut self) {
        let lanes = self.run.emitter.settings.lanes;
        let Some(load) = self.load.as_mut().filter(|load| load.read.is_none()) else {
            return;
        };
        if self.marked && !load.scan.from_zero {
            load.read = Some(Page::Marked);
            return;
        }
        self.marked = false;
        let asked = |entry: &&Entry| {
            let lane = lane_of(entry.seq, &entry.message, lanes);
            let only = load.scan.only.as_ref();
            entry.seq > load.scan.after && only.is_none_or(|only| only.contains(&lane))
        };
        let mut rows = self.pending.values().filter(asked).cloned();
        let page = rows.by_ref().take(load.rows).collect();
        load.read = Some(Page::Rows(page, rows.next().is_some()));
    }

    fn answer_load(&mut self) {
        let Some(load) = self.load.take_if(|load| load.read.is_some()) else {
            return;
        };
        match load.read {
            Some(Page::Rows(rows, more)) => self.run.loaded(&load.scan, rows, more),
            _ => self.run.load_failed(),
        }
    }

    fn take(&mut self) {
        if self.run.readiness(self.now) != Readiness::Now {
            return;
        }
        let (lane, entry) = self.run.take().unwrap();
        let seq = entry.seq;
        assert!(!self.delivered.contains(&seq), "{seq} is sent twice");
        assert!(!self.discarded.contains(&seq), "{seq} is discarded");
        assert!(
            self.flying.iter().all(|(other, _)| *other != lane),
            "two at once in lane {lane}"
        );
        for before in self.behind.get(&seq).into_iter().flatten() {
            let is_done = self.delivered.contains(before) || self.discarded.contains(before);
            assert!(is_done, "{seq} goes before {before}");
        }
        self.flying.push((lane, entry));
    }

    fn finish(&mut self, at: usize, fails: bool) {
        if at >= self.flying.len() {
            return;
        }
        let (lane, mut entry) = self.flying.remove(at);
        let seq = entry.seq;
        entry.progress.attempts_since_queued += 1;
        if !fails {
            self.delivered.insert(seq);
        }
        let retry = fails.then_some(entry);
        self.run.finished(lane, seq, retry.clone());
        self.outcomes.push((seq, retry));
    }

    fn settle(&mut self) {
        if self.outcomes.is_empty() {
            return;
        }
        let (seq, retry) = self.outcomes.remove(0);
        // What was discarded stays so.
        let pending = retry.filter(|_| self.pending.contains_key(&seq));
        self.settled.push((seq, pending.is_some()));
        match pending {
            Some(entry) => drop(self.pending.insert(seq, entry)),
            None => drop(self.pending.remove(&seq)),
        }
    }

    fn discard(&mut self, at: usize) {
        let flies = |seq: &Seq| self.flying.iter().any(|(_, entry)| entry.seq == *seq);
        let has_outcome = |seq: &Seq| self.outcomes.iter().any(|(other, _)| other == seq);
        let seqs = self.pending.keys().copied();
        let mut seqs = seqs.filter(|seq| !flies(seq) && !has_outcome(seq));
        if let Some(seq) = seqs.nth(at) {
            self.pending.remove(&seq);
            self.run.remove(seq);
            self.discarded.insert(seq);
        }
    }

    /// Goes on until nothing is left to be done.
    fn come_to_rest(&mut self) {
        for _ in 0..10_000 {
            if self.is_at_rest() {
                return;
            }
            for step in [
                Step::Commit(0),
                Step::Answer(0),
                Step::Told,
                Step::BeginLoad,
                Step::Read,
                Step::AnswerLoad,
                Step::Take,
                Step::Deliver(0),
                Step::Settle,
                Step::AnswerSettle,
            ] {
                self.step(step);
            }
        }
        let pending: Vec<&Seq> = self.pending.keys().collect();
        panic!("it does not come to rest; pending: {pending:?}");
    }

    fn is_at_rest(&self) -> bool {
        self.appends.is_empty() && self.pending.is_empty() && self.run.is_idle()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn all_go_once_and_in_their_order(
        lanes in prop_oneof![Just(1_u32), Just(256)],
        page in prop_oneof![Just(2_usize), Just(1_024)],
        steps in steps(),
    ) {
        let mut world = World::new(lanes, page);
        for step in steps {
            world.step(step);
        }
        world.come_to_rest();
    }
}

/// A run of so many lanes, with so many in memory.
fn with_entries(lanes: u32, count: Seq) -> Run {
    let mut run = run(lanes);
    let scan = run.begin_load();
    run.loaded(&scan, Vec::new(), false);
    let straight = run.straight().unwrap();
    for seq in 1..=count {
        run.push(&straight, entry(seq, Instant::now()));
    }
    run
}

#[test]
fn what_was_stopped_before_its_receiver_is_gone_is_idle() {
    let mut run = with_entries(1, 1);
    let (lane, entry) = run.take().unwrap();
    run.suspend();
    run.finished(lane, entry.seq, None);
    run.halt();
    run.settled(entry.seq, false);
    assert!(run.is_idle());
    assert!(run.is_suspended());
}

/// Takes so many and delivers them.
fn deliver(run: &mut Run, count: usize) {
    for _ in 0..count {
        let (lane, entry) = run.take().unwrap();
        run.finished(lane, entry.seq, None);
        run.settled(entry.seq, false);
    }
}

#[test]
fn what_others_append_waits_behind_what_is_in_memory() {
    let mut run = run(1);
    for (page, left) in [(5, 4), (30, 15), (1_000, 64)] {
        let scan = run.begin_load();
        let entries = (1..=page).map(|seq| entry(page * 1_000 + seq, Instant::now()));
        run.loaded(&scan, entries.collect(), false);
        run.want_load();
        deliver(&mut run, page as usize - left - 1);
        assert!(!run.needs_load(), "{page}");
        deliver(&mut run, 1);
        assert!(run.needs_load(), "{page}");
        deliver(&mut run, left);
    }
}

#[test]
fn with_several_lanes_it_may_be_for_one_that_is_empty() {
    let mut run = with_entries(2, 130);
    run.want_load();
    assert!(run.needs_load());
}

#[test]
fn what_is_stored_while_a_load_is_under_way_goes_without_another() {
    let mut run = with_entries(1, 3);
    run.want_load();
    let scan = run.begin_load();
    let straight = run.straight().unwrap();
    let now = Instant::now();
    run.push(&straight, entry(4, now));
    run.push(&straight, entry(5, now));
    let page = (1..=4).map(|seq| entry(seq, now)).collect();
    run.loaded(&scan, page, false);
    assert!(!run.needs_load());
    // Its append was under way since before the load.
    run.push(&straight, entry(6, now));
    assert!(!run.needs_load());
    for seq in 1..=6 {
        let (lane, entry) = run.take().unwrap();
        assert_eq!(entry.seq, seq);
        run.finished(lane, seq, None);
    }
    assert!(run.take().is_none());
}

#[test]
fn a_refill_is_for_all_lanes_that_have_room() {
    // Each of the lanes may have 64 in memory.
    let mut run = with_entries(64, 64 * 65);
    deliver(&mut run, 64 * 40);
    assert!(!run.needs_load());
    deliver(&mut run, 64 * 8);
    assert!(run.needs_load());
    let scan = run.begin_load();
    assert_eq!(scan.only.as_ref().map(Vec::len), Some(64));
    assert_eq!(run.page(&scan).0, 1_024);
}

/// It was stored by a transaction that was open for long, and its lane has as much in memory as it may.
#[test]
fn what_is_committed_late_goes_before_what_is_in_memory_behind_it() {
    for lanes in [1, 256] {
        let mut world = World::new(lanes, 3);
        let window = world.run.window().entries;
        let load = |world: &mut World| {
            while world.run.needs_load() {
                for step in [Step::BeginLoad, Step::Read, Step::AnswerLoad] {
                    world.step(step);
                }
            }
        };
        world.step(Step::Elsewhere(0, window - 8));
        world.step(Step::Append(0));
        world.step(Step::Elsewhere(0, 8));
        load(&mut world);
        world.step(Step::Commit(0));
        world.step(Step::Answer(0));
        load(&mut world);
        world.step(Step::Elsewhere(0, 8));
        world.come_to_rest();
    }
}

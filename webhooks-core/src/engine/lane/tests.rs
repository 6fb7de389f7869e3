use std::{collections::BTreeMap, time::Duration};

use proptest::prelude::*;

use super::*;
use crate::{
    env::Timestamp,
    event::{DeliveryId, EventName, MessageId},
};

const WINDOW: Window = Window {
    entries: 1_000,
    bytes: usize::MAX,
};

pub(crate) fn entry(seq: Seq, due: Instant) -> Entry {
    let message = Message {
        id: MessageId::from_uuid(uuid::Uuid::from_u128(u128::from(seq))),
        event: EventName::new("a").unwrap(),
        body: Some(bytes::Bytes::from_static(b"{}")),
        size: 2,
        delivery_id: DeliveryId::new("d").unwrap(),
        tenant: None,
        ordering_key: None,
        trace_parent: None,
        created_at: Timestamp::default(),
    };
    let progress = Progress::queued(Timestamp::default());
    Entry {
        seq,
        message: Arc::new(message),
        progress,
        due,
    }
}

#[derive(Debug, Clone)]
enum Step {
    /// A delivery is stored.
    Insert,
    /// The next one starts, if one is due.
    Take,
    Deliver,
    /// The one in flight fails, and is due again after so many seconds.
    Fail(u64),
    Remove(usize),
    Hasten(usize),
    Pass(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => Just(Step::Insert),
        4 => Just(Step::Take),
        2 => Just(Step::Deliver),
        2 => (0_u64..5).prop_map(Step::Fail),
        1 => (0_usize..20).prop_map(Step::Remove),
        1 => (0_usize..20).prop_map(Step::Hasten),
        2 => (0_u64..5).prop_map(Step::Pass),
    ];
    proptest::collection::vec(step, 1..120)
}

/// What is pending, and when it is due: obviously right, and slow.
#[derive(Default)]
struct Model {
    pending: BTreeMap<Seq, (Instant, bool)>,
    flying: Option<Seq>,
}

impl Model {
    /// Strict: the head alone may go. Relaxed: of the first that has not failed, and all that
    /// have, the one that has been due longest.
    fn next(&self, ordering: Ordering) -> Option<(Instant, Seq)> {
        if self.flying.is_some() {
            return None;
        }
        let mut waiting = self
            .pending
            .iter()
            .map(|(seq, (due, failed))| (*due, *seq, *failed));
        match ordering {
            Ordering::Strict => waiting.next().map(|(due, seq, _)| (due, seq)),
            Ordering::Relaxed => {
                let fresh = waiting.clone().find(|(_, _, failed)| !failed);
                let failed = waiting.filter(|(_, _, failed)| *failed).min();
                fresh
                    .into_iter()
                    .chain(failed)
                    .map(|(due, seq, _)| (due, seq))
                    .min()
            }
        }
    }
}

fn check(steps: &[Step], ordering: Ordering) {
    let mut now = Instant::now();
    let (mut lane, mut model, mut last) = (Lane::new(true), Model::default(), 0);
    let mut flying: Option<Entry> = None;
    for step in steps {
        match step {
            Step::Insert => {
                last += 1;
                lane.insert(entry(last, now), WINDOW);
                model.pending.insert(last, (now, false));
            }
            Step::Take => {
                if lane.next().is_some_and(|(due, _)| due <= now) {
                    let taken = lane.take().unwrap();
                    assert_eq!(model.next(ordering).map(|(_, seq)| seq), Some(taken.seq));
                    model.flying = Some(taken.seq);
                    flying = Some(taken);
                }
            }
            Step::Deliver => {
                if let Some(entry) = flying.take() {
                    lane.finished(None, ordering);
                    model.pending.remove(&entry.seq);
                    model.flying = None;
                }
            }
            Step::Fail(secs) => {
                if let Some(mut entry) = flying.take() {
                    entry.due = now + Duration::from_secs(*secs);
                    entry.progress.attempts_since_queued += 1;
                    model.pending.insert(entry.seq, (entry.due, true));
                    model.flying = None;
                    lane.finished(Some(entry), ordering);
                }
            }
            Step::Remove(at) | Step::Hasten(at) => {
                let seq = model.pending.keys().nth(*at).copied();
                let Some(seq) = seq.filter(|seq| model.flying != Some(*seq)) else {
                    continue;
                };
                if matches!(step, Step::Remove(_)) {
                    assert!(lane.remove(seq));
                    model.pending.remove(&seq);
                } else {
                    assert!(lane.hasten(seq, now));
                    let due = &mut model.pending.get_mut(&seq).unwrap().0;
                    *due = now.min(*due);
                }
            }
            Step::Pass(secs) => now += Duration::from_secs(*secs),
        }
        assert_eq!(lane.next(), model.next(ordering), "after {step:?}");
        let mut seqs: Vec<Seq> = lane.seqs().collect();
        seqs.sort_unstable();
        assert_eq!(seqs, model.pending.keys().copied().collect::<Vec<_>>());
    }
    assert_eq!(lane.is_idle(), model.pending.is_empty());
}

proptest! {
    #[test]
    fn a_strict_lane_does_what_its_model_does(steps in steps()) {
        check(&steps, Ordering::Strict);
    }

    #[test]
    fn a_relaxed_lane_does_what_its_model_does(steps in steps()) {
        check(&steps, Ordering::Relaxed);
    }
}

#[test]
fn what_exceeds_the_window_falls_off_the_end() {
    let now = Instant::now();
    let mut lane = Lane::new(true);
    let window = Window {
        entries: 3,
        bytes: usize::MAX,
    };
    for seq in [1, 2, 4, 5, 3] {
        lane.insert(entry(seq, now), window);
    }
    assert_eq!(lane.seqs().collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(lane.cursor(), 3);
    assert!(!lane.is_complete());
}

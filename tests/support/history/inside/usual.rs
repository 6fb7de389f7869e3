//! A history in which nothing is wrong, to be changed.

use std::{collections::BTreeSet, time::Duration};

use super::{
    Attempt, Change, End, Heard, Inside, Key, Kind, Lease, Moment, Receipt, Renewal, Row, Rule,
    Settle, State, Verdict, check,
};

pub(super) fn ms(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

pub(super) fn key(message: &str) -> Key {
    ("crm".to_owned(), message.to_owned())
}

pub(super) fn row(message: &str, at: u64, seq: u64) -> Row {
    Row {
        at: ms(at),
        key: key(message),
        seq,
        lane: Some("crm".to_owned()),
        generation: 1,
        by_hand: false,
    }
}

pub(super) fn attempt(message: &str, number: u32, start: u64, end: u64, heard: Heard) -> Attempt {
    Attempt {
        process: 1,
        key: key(message),
        number,
        start: ms(start),
        end: Some(ms(end)),
        heard,
    }
}

pub(super) fn settle(message: &str, number: u32, at: u64, verdict: Verdict) -> Settle {
    Settle {
        at: ms(at),
        process: 1,
        claim: ("n1".to_owned(), 1),
        key: key(message),
        number,
        verdict,
        was_taken: true,
    }
}

pub(super) fn change(kind: Kind, at: u64) -> Change {
    Change {
        process: 1,
        emitter: "crm".to_owned(),
        kind,
        at: ms(at),
        returned: Some(ms(at)),
    }
}

pub(super) fn lease(node: &str, epoch: u64, at: u64) -> Lease {
    Lease {
        at: ms(at),
        emitter: "crm".to_owned(),
        node: node.to_owned(),
        epoch,
        is_taken: true,
    }
}

pub(super) fn renewal(process: usize, node: &str, at: u64) -> Renewal {
    Renewal {
        process,
        node: node.to_owned(),
        asked: ms(at),
        at: ms(at),
    }
}

pub(super) fn end(state: State, attempts: &[u32]) -> End {
    End {
        state,
        reason: (state != State::Delivered).then(|| "reason".to_owned()),
        attempts: attempts.to_vec(),
    }
}

pub(super) const OK: Heard = Heard::Status(200);

/// Two events to an emitter that was attached at 0 and is leased from 1 ms on: the first fails and is retried,
/// the second follows.
pub(super) fn usual() -> Inside {
    Inside {
        rows: vec![row("a", 10, 1), row("b", 11, 2)],
        attempts: vec![
            attempt("a", 1, 20, 30, Heard::Status(500)),
            attempt("a", 2, 130, 140, OK),
            attempt("b", 1, 140, 150, OK),
        ],
        settles: vec![
            settle("a", 1, 31, Verdict::Retry(ms(130))),
            settle("a", 2, 141, Verdict::Delivered),
            settle("b", 1, 151, Verdict::Delivered),
        ],
        renewals: vec![renewal(1, "n1", 0)],
        leases: vec![lease("n1", 1, 1)],
        changes: vec![change(Kind::Attached, 0)],
        receipts: vec![Receipt {
            call: (ms(9), ms(12)),
            message: "a".to_owned(),
            deliveries: 1,
            listeners: vec!["crm".to_owned()],
        }],
        ends: [
            (key("a"), end(State::Delivered, &[1, 2])),
            (key("b"), end(State::Delivered, &[1])),
        ]
        .into(),
        reach: Duration::from_millis(5),
        in_flight: 1,
        attempts_at_most: [("crm".to_owned(), 2)].into(),
        ..Inside::default()
    }
}

pub(super) fn broken(change: impl FnOnce(&mut Inside)) -> BTreeSet<Rule> {
    let mut inside = usual();
    change(&mut inside);
    check(&inside)
        .into_iter()
        .map(|breach| breach.rule)
        .collect()
}

#[track_caller]
pub(super) fn breaks(rule: Rule, change: impl FnOnce(&mut Inside)) {
    let broken = broken(change);
    assert!(broken.contains(&rule), "{rule:?} is not among {broken:?}");
}

#[track_caller]
pub(super) fn keeps(change: impl FnOnce(&mut Inside)) {
    let broken = broken(change);
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn what_is_usual_breaks_nothing() {
    keeps(|_| ());
}

//! Each rule has a history that breaks it, and one that just keeps it.

use std::time::Duration;

use super::{Answer, Arrival, Emit, History, Moment, Summary, Violation, check};

const SETTLING: Duration = Duration::from_millis(100);

fn ms(ms: u64) -> Moment {
    Moment::from_millis(ms)
}

/// What is acknowledged one millisecond after the call, to `crm`, which has one lane.
fn emit(called: u64) -> Emit {
    Emit {
        called: ms(called),
        answer: Answer::Receipt(ms(called + 1), None),
        body: "{}".to_owned(),
        targets: [("crm".to_owned(), Some("crm".to_owned()))].into(),
    }
}

/// The first attempt, which succeeds.
fn arrival(id: &str, at: u64) -> Arrival {
    Arrival {
        at: ms(at),
        emitter: "crm".to_owned(),
        id: id.to_owned(),
        message_id: format!("msg_{id}"),
        attempt: 1,
        body: "{}".to_owned(),
        success: true,
    }
}

fn failure(id: &str, at: u64, attempt: u32) -> Arrival {
    Arrival {
        attempt,
        success: false,
        ..arrival(id, at)
    }
}

fn history<'a>(
    emits: impl IntoIterator<Item = (&'a str, Emit)>,
    arrivals: impl IntoIterator<Item = Arrival>,
    faults: impl IntoIterator<Item = u64>,
) -> History {
    let emits = emits.into_iter();
    History {
        emits: emits.map(|(id, emit)| (id.to_owned(), emit)).collect(),
        arrivals: arrivals.into_iter().collect(),
        faults: faults.into_iter().map(ms).collect(),
        ..History::default()
    }
}

#[track_caller]
fn accepted(history: &History) -> Summary {
    check(history, SETTLING).unwrap()
}

#[track_caller]
fn refused(history: &History, rule: fn(String, String) -> Violation, id: &str) {
    let violation = rule("crm".to_owned(), id.to_owned());
    assert_eq!(check(history, SETTLING), Err(vec![violation]));
}

#[test]
fn what_was_acknowledged_arrives_with_a_success() {
    refused(&history([("a", emit(0))], [], []), Violation::Lost, "a");
    let only_failed = history([("a", emit(0))], [failure("a", 5, 1)], []);
    refused(&only_failed, Violation::Lost, "a");
    let succeeded = Arrival {
        attempt: 2,
        ..arrival("a", 6)
    };
    let summary = accepted(&history(
        [("a", emit(0))],
        [failure("a", 5, 1), succeeded],
        [],
    ));
    assert_eq!((summary.acknowledged, summary.delivered), (1, 1));
}

#[test]
fn what_was_given_up_need_not_arrive() {
    let mut history = history([("a", emit(0))], [], []);
    history.given_up.insert(("crm".to_owned(), "a".to_owned()));
    accepted(&history);
}

#[test]
fn what_was_not_acknowledged_may_arrive() {
    let unknown = || Emit {
        answer: Answer::Unknown,
        ..emit(0)
    };
    accepted(&history([("a", unknown())], [], []));
    let summary = accepted(&history([("a", unknown())], [arrival("a", 5)], []));
    assert_eq!((summary.acknowledged, summary.unacknowledged), (0, 1));
    let twice = history([("a", unknown())], [arrival("a", 5), arrival("a", 6)], []);
    refused(&twice, Violation::Repeated, "a");
}

#[test]
fn what_nobody_emitted_or_what_was_refused_does_not_arrive() {
    refused(&history([], [arrival("a", 5)], []), Violation::Phantom, "a");
    let emit_refused = Emit {
        answer: Answer::Refused,
        ..emit(0)
    };
    accepted(&history([("a", emit_refused.clone())], [], []));
    let arrived = history([("a", emit_refused)], [arrival("a", 5)], []);
    refused(&arrived, Violation::Phantom, "a");
    let elsewhere = Arrival {
        emitter: "mail".to_owned(),
        ..arrival("a", 6)
    };
    let history = history([("a", emit(0))], [arrival("a", 5), elsewhere], []);
    let phantom = Violation::Phantom("mail".to_owned(), "a".to_owned());
    assert_eq!(check(&history, SETTLING), Err(vec![phantom]));
}

#[test]
fn nothing_arrives_before_it_is_emitted() {
    let early = history([("a", emit(5))], [arrival("a", 4)], []);
    refused(&early, Violation::TooEarly, "a");
    // Its receipt may come later.
    accepted(&history([("a", emit(5))], [arrival("a", 5)], []));
}

#[test]
fn bytes_and_message_id_are_the_same_each_time() {
    let again = || Arrival {
        attempt: 2,
        ..arrival("a", 6)
    };
    let other_body = Arrival {
        body: "{ }".to_owned(),
        ..again()
    };
    let changed = history([("a", emit(0))], [failure("a", 5, 1), other_body], []);
    refused(&changed, Violation::OtherBody, "a");
    let other_message = Arrival {
        message_id: "msg_b".to_owned(),
        ..again()
    };
    let changed = history([("a", emit(0))], [failure("a", 5, 1), other_message], []);
    refused(&changed, Violation::OtherMessage, "a");
    let receipt = |message_id: &str| Emit {
        answer: Answer::Receipt(ms(1), Some(message_id.to_owned())),
        ..emit(0)
    };
    let changed = history([("a", receipt("msg_b"))], [arrival("a", 5)], []);
    refused(&changed, Violation::OtherMessage, "a");
    accepted(&history([("a", receipt("msg_a"))], [arrival("a", 5)], []));
}

#[test]
fn what_had_its_success_comes_again_only_after_a_fault_that_came_soon() {
    let twice = |faults: &[u64]| {
        history(
            [("a", emit(0))],
            [5, 500].map(|at| arrival("a", at)),
            faults.to_vec(),
        )
    };
    for faults in [&[][..], &[4], &[106], &[501], &[4, 501]] {
        refused(&twice(faults), Violation::Repeated, "a");
    }
    for faults in [&[5][..], &[105], &[4, 105, 501]] {
        let repeated: usize = accepted(&twice(faults)).repeated.iter().sum();
        assert_eq!(repeated, 1, "{faults:?}");
    }
    assert_eq!(accepted(&twice(&[4, 105, 501])).repeated, [0, 1, 0]);
}

#[test]
fn one_fault_costs_one_outcome() {
    let arrivals = [5, 50, 51].map(|at| arrival("a", at));
    let thrice = history([("a", emit(0))], arrivals, [20]);
    refused(&thrice, Violation::Repeated, "a");
}

#[test]
fn what_a_fault_costs_a_lane_is_the_end_of_what_it_sent() {
    let emits = || [("a", emit(0)), ("b", emit(0)), ("c", emit(0))];
    let sent = |again: &[&str]| {
        let first = [arrival("a", 5), arrival("b", 6), arrival("c", 7)];
        let again = again.iter().zip(30..).map(|(id, at)| arrival(id, at));
        history(emits(), first.into_iter().chain(again), [20])
    };
    refused(&sent(&["b"]), Violation::RepeatedAlone, "b");
    refused(&sent(&["a", "c"]), Violation::RepeatedAlone, "a");
    for (again, count) in [
        (&[][..], 0),
        (&["c"], 1),
        (&["b", "c"], 2),
        (&["a", "b", "c"], 3),
    ] {
        assert_eq!(accepted(&sent(again)).repeated, [count]);
    }
    // Another lane's is another matter.
    let mut keyed = sent(&["b"]);
    let lane = Some("crm/b".to_owned());
    keyed.emits.get_mut("b").unwrap().targets = [("crm".to_owned(), lane)].into();
    accepted(&keyed);
}

#[test]
fn the_attempt_grows_unless_a_fault_cost_the_last_one() {
    let attempts = |second: u32, faults: &[u64]| {
        let succeeded = Arrival {
            attempt: second,
            ..arrival("a", 50)
        };
        history(
            [("a", emit(0))],
            [failure("a", 5, 1), succeeded],
            faults.to_vec(),
        )
    };
    refused(&attempts(1, &[]), Violation::NotGrown, "a");
    refused(&attempts(1, &[4]), Violation::NotGrown, "a");
    accepted(&attempts(2, &[]));
    accepted(&attempts(1, &[20]));
    let long_settled = Arrival {
        attempt: 1,
        ..arrival("a", 500)
    };
    let late = history([("a", emit(0))], [failure("a", 5, 1), long_settled], [200]);
    refused(&late, Violation::NotGrown, "a");
}

#[test]
fn in_a_lane_what_was_emitted_later_arrives_later() {
    let reversed = [arrival("b", 5), arrival("a", 6)];
    let overtaken = history([("a", emit(0)), ("b", emit(2))], reversed.clone(), []);
    let overtook =
        |lane: &str| Violation::Overtook(lane.to_owned(), "b".to_owned(), "a".to_owned());
    assert_eq!(check(&overtaken, SETTLING), Err(vec![overtook("crm")]));
    // Calls that overlap may end in any order.
    accepted(&history(
        [("a", emit(0)), ("b", emit(1))],
        reversed.clone(),
        [],
    ));
    let in_lane = |called: u64, lane: Option<&str>| Emit {
        targets: [("crm".to_owned(), lane.map(ToOwned::to_owned))].into(),
        ..emit(called)
    };
    for [one, other] in [[Some("crm/1"), Some("crm/2")], [None, None]] {
        let emits = [("a", in_lane(0, one)), ("b", in_lane(2, other))];
        accepted(&history(emits, reversed.clone(), []));
    }
    let unheard = Emit {
        answer: Answer::Unknown,
        ..emit(0)
    };
    accepted(&history(
        [("a", unheard.clone()), ("b", emit(2))],
        reversed.clone(),
        [],
    ));
    // What was not acknowledged goes behind what was.
    let unheard = Emit {
        called: ms(2),
        ..unheard
    };
    let overtaken = history([("a", emit(0)), ("b", unheard)], reversed, []);
    assert_eq!(check(&overtaken, SETTLING), Err(vec![overtook("crm")]));
}

#[test]
fn order_is_that_of_first_arrivals() {
    let emits = || [("a", emit(0)), ("b", emit(2))];
    let arrivals = [("a", 5), ("b", 6), ("a", 30), ("b", 31)].map(|(id, at)| arrival(id, at));
    let summary = accepted(&history(emits(), arrivals, [20]));
    assert_eq!(summary.repeated, [2]);
}

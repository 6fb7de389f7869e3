//! Each rule has a history that breaks it, and one that just keeps it.

use super::{Change, Heard, Inside, Kind, Lease, Receipt, Row, Rule, State, Verdict, usual::*};

#[test]
fn what_is_usual_breaks_nothing() {
    keeps(|_| ());
}

#[test]
fn what_is_queued_ends_as_it_may() {
    let lost = |inside: &mut Inside| drop(inside.ends.remove(&key("b")));
    breaks(Rule::EndsRightly, lost);
    let ends = |state| {
        move |inside: &mut Inside| {
            inside.ends.insert(key("b"), end(state, &[1]));
        }
    };
    breaks(Rule::EndsRightly, ends(State::Pending));
    breaks(Rule::EndsRightly, ends(State::Discarded));
    keeps(ends(State::Dead));
    keeps(|inside| {
        ends(State::Discarded)(inside);
        inside.discards.push((ms(200), key("b")));
    });
    let perhaps = |at| {
        move |inside: &mut Inside| {
            ends(State::Discarded)(inside);
            inside.perhaps.push(change(Kind::Discarded, at));
        }
    };
    keeps(perhaps(11));
    breaks(Rule::EndsRightly, perhaps(10));
    breaks(Rule::EndsRightly, |inside| {
        inside.rows.push(row("a", 12, 3))
    });
    let another = |attempts: &'static [u32]| {
        move |inside: &mut Inside| {
            inside
                .ends
                .insert(key("c"), end(State::Discarded, attempts));
        }
    };
    breaks(Rule::EndsRightly, another(&[1]));
    keeps(another(&[]));
}

#[test]
fn a_success_is_needed_to_be_delivered() {
    breaks(Rule::EndsRightly, |inside| {
        inside.attempts[2].heard = Heard::Failure
    });
    keeps(|inside| inside.attempts[2].heard = Heard::Status(299));
}

#[test]
fn a_receipt_is_kept() {
    breaks(Rule::ReceiptsHold, |inside| {
        inside.receipts[0].deliveries = 2
    });
    let unqueued = |inside: &mut Inside| {
        inside.receipts[0].message = "z".to_owned();
        inside.receipts[0].deliveries = 0;
    };
    breaks(Rule::ReceiptsHold, unqueued);
    // Attached so shortly before that not all may know of it; paused with a discard.
    keeps(|inside| {
        unqueued(inside);
        inside.changes[0].at = ms(4);
    });
    keeps(|inside| {
        unqueued(inside);
        inside.changes.insert(1, change(Kind::Discarded, 2));
        inside.changes.push(change(Kind::Restarted, 13));
        inside.rows.iter_mut().for_each(|row| row.at = ms(13));
    });
    breaks(Rule::ReceiptsHold, |inside| {
        inside.receipts[0].listeners.clear()
    });
}

#[test]
fn who_may_have_been_stopped_need_not_be_told() {
    let unheard = |stopped| {
        move |inside: &mut Inside| {
            inside.receipts.push(Receipt {
                call: (ms(5_000), ms(5_001)),
                message: "c".to_owned(),
                deliveries: 0,
                listeners: vec!["crm".to_owned()],
            });
            inside.perhaps.push(change(Kind::Detached, stopped));
        }
    };
    keeps(unheard(5_001));
    breaks(Rule::ReceiptsHold, unheard(5_002));
}

#[test]
fn nothing_is_attempted_that_was_not_queued_before() {
    breaks(Rule::NothingFromNowhere, |inside| {
        inside.rows[0].at = ms(21)
    });
    keeps(|inside| inside.rows[0].at = ms(12));
}

#[test]
fn nothing_starts_while_the_emitter_is_stopped() {
    breaks(Rule::NothingWhileStopped, |inside| {
        inside.changes.push(change(Kind::Paused, 135));
    });
    // What is in flight may end; another process hears of it a little later.
    keeps(|inside| inside.changes.push(change(Kind::Paused, 140)));
    let elsewhere = |at| {
        move |inside: &mut Inside| {
            inside.changes.push(Change {
                process: 2,
                ..change(Kind::Paused, at)
            });
        }
    };
    keeps(elsewhere(135));
    breaks(Rule::NothingWhileStopped, elsewhere(134));
    keeps(|inside| {
        inside.changes.push(change(Kind::Paused, 131));
        inside.changes.push(change(Kind::Restarted, 133));
    });
    // Or it may have been started, by a process that was killed.
    let perhaps = |at| {
        move |inside: &mut Inside| {
            inside.changes.push(change(Kind::Paused, 129));
            inside.perhaps.push(change(Kind::Restarted, at));
        }
    };
    keeps(perhaps(129));
    breaks(Rule::NothingWhileStopped, perhaps(128));
}

#[test]
fn nothing_is_sent_that_was_discarded() {
    let discarded = |at| {
        move |inside: &mut Inside| {
            inside.changes.push(change(Kind::Discarded, at));
            inside.changes.push(change(Kind::Restarted, at));
        }
    };
    breaks(Rule::NothingDiscarded, discarded(135));
    keeps(discarded(140));
    keeps(|inside| {
        discarded(135)(inside);
        inside.again.push((ms(136), key("b")));
    });
}

#[test]
fn a_lane_has_one_head() {
    breaks(Rule::OneHead, |inside| inside.attempts[2].start = ms(139));
    keeps(|inside| {
        inside.attempts[2].start = ms(139);
        inside.rows[1].lane = None;
        inside.in_flight = 2;
        // Its failure is forgotten.
        inside.changes.push(change(Kind::Restarted, 132));
    });
}

#[test]
fn nothing_passes_a_head_that_waits() {
    let passed = |inside: &mut Inside| {
        let mut b = inside.attempts.remove(2);
        (b.start, b.end) = (ms(40), Some(ms(50)));
        inside.attempts.insert(1, b);
    };
    breaks(Rule::HeadFirst, passed);
    keeps(|inside| {
        passed(inside);
        inside.rows[1].seq = 0;
    });
    keeps(|inside| {
        passed(inside);
        inside.discards.push((ms(35), key("a")));
    });
}

#[test]
fn an_outcome_of_an_old_epoch_changes_nothing() {
    let moved = |inside: &mut Inside| {
        inside.leases.push(Lease {
            is_taken: false,
            ..lease("n1", 1, 142)
        });
        inside.leases.push(lease("n2", 2, 143));
        inside.renewals.push(renewal(2, "n2", 100));
    };
    breaks(Rule::NoStaleOutcome, moved);
    keeps(|inside| {
        moved(inside);
        inside.settles[2].was_taken = false;
    });
}

#[test]
fn nothing_goes_on_when_the_time_is_up() {
    let late = |by: u64| {
        move |inside: &mut Inside| {
            inside.attempts[2].end = Some(ms(11_000 + by));
            inside.settles[2].at = ms(11_000 + by);
        }
    };
    breaks(Rule::NothingPastItsTime, late(1));
    keeps(late(0));
    keeps(|inside| {
        late(1)(inside);
        inside.renewals.push(renewal(1, "n1", 3_000));
    });
}

#[test]
fn what_goes_on_when_a_process_goes_on_ends_then() {
    let stood_still = |from, to| {
        move |inside: &mut Inside| {
            inside.attempts[2].end = Some(ms(12_002));
            inside.settles[2].at = ms(12_003);
            inside.stalls.push((1, ms(from), ms(to)));
        }
    };
    keeps(stood_still(11_000, 12_000));
    breaks(Rule::NothingPastItsTime, stood_still(11_001, 12_000));
    breaks(Rule::NothingPastItsTime, stood_still(11_000, 11_999));
    breaks(Rule::NothingPastItsTime, |inside| {
        stood_still(11_000, 12_000)(inside);
        inside.attempts[2].start = ms(12_001);
    });
}

#[test]
fn no_lease_is_taken_from_the_living() {
    let taken = |at, epoch| {
        move |inside: &mut Inside| {
            inside.renewals.push(renewal(2, "n2", at));
            inside.leases.push(lease("n2", epoch, at));
        }
    };
    breaks(Rule::LeasesAreSafe, taken(11_999, 2));
    keeps(taken(12_000, 2));
    breaks(Rule::LeasesAreSafe, taken(12_000, 1));
    keeps(|inside| {
        taken(500, 2)(inside);
        inside.ended.push((ms(400), 1));
    });
    keeps(|inside| {
        taken(500, 2)(inside);
        inside.changes.push(change(Kind::Detached, 400));
    });
}

#[test]
fn a_success_is_final_in_its_process() {
    let again = |process| {
        move |inside: &mut Inside| {
            let mut again = attempt("b", 2, 200, 210, OK);
            again.process = process;
            inside.attempts.push(again);
            inside.renewals.push(renewal(2, "n2", 100));
        }
    };
    breaks(Rule::SuccessIsFinal, again(1));
    keeps(again(2));
    keeps(|inside| {
        again(1)(inside);
        inside.again.push((ms(199), key("b")));
    });
}

#[test]
fn attempts_have_no_gaps_and_an_end() {
    let numbers = |numbers: &'static [u32]| {
        move |inside: &mut Inside| {
            inside.ends.insert(key("a"), end(State::Delivered, numbers));
        }
    };
    breaks(Rule::NoGaps, numbers(&[1, 3]));
    breaks(Rule::NoMoreAttempts, numbers(&[1, 2, 3]));
    // Written down in another order than made: a late answer.
    keeps(numbers(&[2, 1]));
    keeps(|inside| {
        numbers(&[1, 2, 3])(inside);
        inside.again.push((ms(199), key("a")));
    });
}

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

#[test]
fn no_more_are_in_flight_than_allowed() {
    let beside = |inside: &mut Inside| {
        inside.attempts[2].start = ms(135);
        inside.rows[1].lane = None;
    };
    breaks(Rule::WithinLimits, beside);
    keeps(|inside| {
        beside(inside);
        inside.in_flight = 2;
        inside.changes.push(change(Kind::Restarted, 132));
    });
}

#[test]
fn what_fails_is_probed_by_one() {
    let beside = |heard| {
        move |inside: &mut Inside| {
            inside.rows.iter_mut().for_each(|row| row.lane = None);
            inside.rows.push(Row {
                lane: None,
                ..row("c", 12, 3)
            });
            inside.ends.insert(key("c"), end(State::Delivered, &[1]));
            inside.attempts[0].heard = heard;
            inside.attempts.insert(2, attempt("c", 1, 135, 150, OK));
            inside.in_flight = 2;
        }
    };
    breaks(Rule::OneProbe, beside(Heard::Status(500)));
    keeps(beside(OK).before_again());
    keeps(|inside| {
        beside(Heard::Status(500))(inside);
        inside.changes.push(change(Kind::Restarted, 133));
    });
}

/// A success is final, so its repetition is to be one that was asked for.
trait BeforeAgain {
    fn before_again(self) -> impl FnOnce(&mut Inside);
}

impl<F: FnOnce(&mut Inside)> BeforeAgain for F {
    fn before_again(self) -> impl FnOnce(&mut Inside) {
        move |inside| {
            self(inside);
            inside.again.push((ms(100), key("a")));
        }
    }
}

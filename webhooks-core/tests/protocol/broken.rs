//! Without any one rule the protocol breaks: a test for each, which prints the shortest trace.

use super::{
    bounds::{ANYWHERE, Bounds, INSIDE, ON_X, ON_Y, ONLY_X, World},
    rules::{COUNT, Rule, Rules},
    search::search,
    violation::Kind,
};

/// Both halves of all statements, and others between them.
const QUIET: Bounds = Bounds {
    halves: true,
    early: true,
    ..Bounds::QUIET
};

fn breaks(rule: Rule, bounds: Bounds, beyond: &[Kind], kind: Kind) {
    let rules = Rules::ALL.without(rule);
    let found = search(&World { rules, bounds }, beyond);
    let Some(failure) = found.failure else {
        panic!("nothing breaks without {rule:?} in {} states", found.states);
    };
    println!(
        "without {rule:?}, after {} of {} states:\n{}",
        failure.length, found.states, failure.trace
    );
    assert_eq!(failure.violation.kind(), kind, "{}", failure.trace);
}

macro_rules! broken {
    ($($name:ident: $rule:ident, $bounds:expr $(, beyond $beyond:ident)? => $kind:ident;)*) => {
        $(
            #[test]
            fn $name() {
                breaks(Rule::$rule, $bounds, &[$(Kind::$beyond)?], Kind::$kind);
            }
        )*

        const TESTED: &[Rule] = &[$(Rule::$rule),*];
    };
}

broken! {
    sequences_of_their_own: OneSequence, QUIET => Order;

    no_marks_by_others: OthersMark, QUIET => Lost;
    no_mark_by_emit_in: InsideMarks, only([INSIDE, 0, 0]) => Lost;
    one_mark_for_all: MarksAreRows, QUIET => Lost;
    emit_in_to_memory: InsideWaits, only([INSIDE, 0, 0]) => Phantom;

    a_proof_without_lock: ProofLocks, given_back(ANYWHERE) => Lost;
    settling_without_check: SettleChecks, zombie([ON_X, 0, 0]) => StaleWrite;
    settling_without_lock: SettleLocks, zombie([ON_X, 0, 0]) => StaleWrite;

    straight_past_a_mark: MarkWithholds, QUIET => Order;
    straight_while_a_load_runs: RunningWithholds, QUIET => Order;
    straight_while_a_load_is_wanted: WantedWithholds, only([INSIDE, ON_X, ON_X]) => Order;
    what_waited_is_forgotten: WaitingGoes, QUIET => Lost;
    what_waited_though_it_was_brought: WaitingIsBrought, QUIET => Again;
    straight_though_it_was_brought: BroughtWithholds, QUIET => Again;
    straight_past_what_is_in_the_store: TailInMemory, narrow([ON_X, ON_X, ON_X]) => Order;
    the_receipt_before_the_push: PushBeforeReceipt, QUIET => Order;
    what_a_load_passed_left_behind: PassedIsInserted, narrow([ON_X, ON_X, 0]) => Lost;

    a_select_before_the_deletion: DeleteThenSelect, QUIET => Lost;
    marks_deleted_by_anybody: OwnerDeletes, coarse(zombie([ON_X, ON_Y, 0])), beyond StaleWrite => Lost;
    marks_deleted_without_lock: DeleteLocks, zombie([ON_Y, 0, 0]) => StaleWrite;
    rows_merged_at_the_end: MergeByPlace, narrow([INSIDE, ON_X, ON_X]) => Lost;
    rows_settled_while_loading: PassOverSettled, QUIET => Again;
    a_takeover_without_load: TakeoverLoads, Bounds { crash: ONLY_X, ..QUIET } => Lost;
    a_takeover_from_the_old_cursor: TakeoverFromZero, Bounds {
        give_backs: 1,
        ..only([INSIDE, ON_X, 0])
    } => Lost;
    a_mark_at_the_cursor: MarkFromZero, only([INSIDE, ON_X, 0]) => Lost;
    a_withheld_append_at_the_cursor: WithheldFromZero, QUIET => Lost;
    a_refill_that_deletes_marks: RefillKeepsMarks, narrow([INSIDE, ON_X, ON_X]) => Lost;
    a_refill_past_a_mark: RefillHeedsMarks, narrow([INSIDE, INSIDE, INSIDE]) => Order;
    a_refill_while_a_load_is_wanted: RefillYields, narrow([ON_X, INSIDE, ON_X]) => Order;
    a_cursor_past_the_page: CursorOfPage, narrow([ON_X, INSIDE, INSIDE]) => Lost;

    a_lease_by_an_unlocked_read: LeaseLocks, given_back(ON_Y) => NotOwner;
    a_takeover_from_the_living: KillFirst, zombie([ON_X, 0, 0]) => NotOwner;
    attempts_past_the_lease: SleepersStartNothing, zombie([ON_X, 0, 0]) => NotOwner;
    a_dead_node_that_remembers: DeadForget, zombie([ON_X, 0, 0]) => NotOwner;
    giving_back_past_locks: GiveBackLocks, given_back(ANYWHERE) => Lost;
    giving_back_what_is_skipped: GiveBackWaits, given_back(ANYWHERE) => Lost;
    giving_back_without_mark: GiveBackMarks, given_back(ANYWHERE) => Lost;
    giving_back_by_an_old_look: GiveBackLooksLater, given_back(ANYWHERE) => Lost;
    giving_back_unheard: GiveBackUntilHeard, Bounds {
        unheard: 1,
        ..given_back(ANYWHERE)
    } => NotOwner;

    sent_again_with_new_ids: SameIds, unheard() => Twice;
    sent_again_and_not_loaded: UnheardLoads, unheard() => Lost;
    sent_and_loaded_too_soon: UnheardLoadsLater, unheard() => Lost;
    given_up_and_loaded_under_the_old_epoch: GivenUpRenews, unheard() => Lost;
    a_new_epoch_past_the_lock: RenewingLocks, unheard() => Lost;
    not_the_owner_and_content: NotOwnerAsks, unheard() => Lost;
}

#[test]
fn every_rule_is_tested() {
    let mut rules: Vec<u8> = TESTED.iter().map(|rule| *rule as u8).collect();
    rules.sort_unstable();
    let all: Vec<u8> = (0..COUNT).collect();
    assert_eq!(rules, all);
}

const fn only(emits: [u8; 3]) -> Bounds {
    Bounds { emits, ..QUIET }
}

const fn narrow(emits: [u8; 3]) -> Bounds {
    Bounds {
        window: 1,
        halves: false,
        ..only(emits)
    }
}

/// Statements that decide under a lock are one step.
const fn coarse(bounds: Bounds) -> Bounds {
    Bounds {
        halves: false,
        early: false,
        ..bounds
    }
}

const fn zombie(emits: [u8; 3]) -> Bounds {
    Bounds {
        stop: ONLY_X,
        ..only(emits)
    }
}

const fn given_back(second: u8) -> Bounds {
    Bounds {
        give_backs: 1,
        ..only([ANYWHERE, second, 0])
    }
}

const fn unheard() -> Bounds {
    Bounds {
        unheard: 1,
        ..only([ANYWHERE, 0, 0])
    }
}

//! The protocol holds. The searches that take long are ignored:
//! `cargo test --release --test protocol -- --ignored --nocapture`.

use super::{
    bounds::{ANYWHERE, BOTH, Bounds, INSIDE, ON_X, ON_Y, ONLY_X, World},
    rules::{Rule, Rules},
    search::search,
};

/// SQLite needs none of these, since a write has its snapshot and its commit to itself.
const SQLITE: Rules = Rules::ALL
    .without(Rule::MarksAreRows)
    .without(Rule::ProofLocks)
    .without(Rule::SettleLocks)
    .without(Rule::DeleteLocks)
    .without(Rule::LeaseLocks)
    .without(Rule::GiveBackLocks)
    .without(Rule::GiveBackLooksLater);

pub(crate) fn holds(name: &str, bounds: Bounds) {
    holds_with(Rules::ALL, name, bounds);
}

fn holds_with(rules: Rules, name: &str, bounds: Bounds) {
    let found = search(&World { rules, bounds }, &[]);
    println!(
        "{name}: {} states, {} steps, {} at rest",
        found.states, found.steps, found.at_rest
    );
    if let Some(failure) = found.failure {
        panic!("{name}:\n{}", failure.trace);
    }
}

pub(crate) const EITHER: u8 = ANYWHERE | INSIDE;

#[test]
fn two_emits() {
    holds("two emits", Bounds::QUIET);
}

#[test]
fn two_emits_each_inside_a_transaction_or_not() {
    let bounds = Bounds {
        emits: [EITHER, EITHER, 0],
        window: 1,
        ..Bounds::QUIET
    };
    holds("two emits, inside or not", bounds);
}

#[test]
fn a_crash() {
    let bounds = Bounds {
        crash: ONLY_X,
        ..Bounds::QUIET
    };
    holds("the owner crashes", bounds);
}

#[test]
fn a_zombie() {
    let bounds = Bounds {
        emits: [ON_X, ON_X, 0],
        stop: ONLY_X,
        ..Bounds::QUIET
    };
    holds("the owner is a zombie", bounds);
}

#[test]
fn giving_back() {
    for emits in [[ON_X, ON_Y, 0], [INSIDE, ANYWHERE, 0]] {
        let bounds = Bounds {
            emits,
            give_backs: 1,
            ..Bounds::QUIET
        };
        holds("a lease is given back", bounds);
    }
}

#[test]
fn lost_answers() {
    let bounds = Bounds {
        emits: [ANYWHERE, ON_X, 0],
        unheard: 1,
        ..Bounds::QUIET
    };
    holds("an answer is lost", bounds);
    let bounds = Bounds {
        emits: [ANYWHERE, 0, 0],
        unheard: 1,
        give_backs: 1,
        ..Bounds::QUIET
    };
    holds("the answer to a give back is lost", bounds);
}

#[test]
fn a_window_that_is_full() {
    for emits in [[INSIDE, ON_X, ON_X], [ON_X, INSIDE, ON_X]] {
        let bounds = Bounds {
            emits,
            window: 1,
            ..Bounds::QUIET
        };
        holds("a window of one", bounds);
    }
}

#[test]
fn sqlite_without_locks() {
    for (crash, give_backs) in [(ONLY_X, 0), (0, 1)] {
        let bounds = Bounds {
            emits: [EITHER, ON_X, 0],
            crash,
            give_backs,
            serial: true,
            ..Bounds::QUIET
        };
        holds_with(SQLITE, "SQLite", bounds);
    }
}

/// A load may as well delete and read in one statement.
#[test]
fn a_load_in_one_statement() {
    let bounds = Bounds {
        emits: [INSIDE, ON_X, ON_X],
        window: 1,
        one_statement: true,
        ..Bounds::QUIET
    };
    holds("a load in one statement", bounds);
}

/// All that can go wrong, with a single emit: nothing is lost and nothing is sent too early.
#[test]
fn one_emit_and_every_fault() {
    for (crash, stop) in [(BOTH, 0), (0, ONLY_X)] {
        let bounds = Bounds {
            emits: [EITHER, 0, 0],
            crash,
            stop,
            give_backs: 1,
            unheard: 1,
            ..Bounds::QUIET
        };
        holds("one emit and every fault", bounds);
    }
}

//! The protocol holds, with everything between everything: these searches take minutes and up to 4 GB.
//!
//! `cargo test --release -p webhooks-core --test protocol -- --ignored --nocapture --test-threads 1`

use super::{
    bounds::{ANYWHERE, BOTH, Bounds, INSIDE, ON_X, ON_Y, ONLY_X, World},
    holds::{EITHER, holds},
    rules::{Rule, Rules},
    search::search,
    violation::Kind,
};

const FULL: Bounds = Bounds {
    emits: [EITHER, EITHER, 0],
    halves: true,
    early: true,
    ..Bounds::QUIET
};

/// Where statements that decide under a lock are one step.
const COARSE: Bounds = Bounds {
    halves: false,
    ..FULL
};

#[test]
#[ignore = "takes long"]
fn three_emits() {
    for window in [1, 2] {
        let emits = [EITHER; 3];
        let bounds = Bounds {
            emits,
            window,
            ..FULL
        };
        holds("three emits", bounds);
    }
}

#[test]
#[ignore = "takes long"]
fn loads_in_one_statement() {
    for window in [1, 2] {
        let once = Bounds {
            window,
            one_statement: true,
            ..COARSE
        };
        let emits = [EITHER; 3];
        holds("three emits, one statement", Bounds { emits, ..once });
        let crash = BOTH;
        holds("a crash, one statement", Bounds { crash, ..once });
        let give_backs = 1;
        holds("giving back, one statement", Bounds { give_backs, ..once });
    }
}

#[test]
#[ignore = "takes long"]
fn crashes() {
    for window in [1, 2] {
        let crash = BOTH;
        holds(
            "a crash",
            Bounds {
                crash,
                window,
                ..FULL
            },
        );
    }
}

#[test]
#[ignore = "takes long"]
fn giving_back() {
    let give_backs = 1;
    for window in [1, 2] {
        holds(
            "giving back",
            Bounds {
                give_backs,
                window,
                ..FULL
            },
        );
    }
    let bounds = Bounds {
        emits: [ANYWHERE, ANYWHERE, 0],
        crash: ONLY_X,
        give_backs,
        ..COARSE
    };
    holds("giving back and a crash", bounds);
}

#[test]
#[ignore = "takes long"]
fn lost_answers() {
    let unheard = 1;
    holds("lost answers", Bounds { unheard, ..FULL });
    let emits = [ON_X, ANYWHERE, 0];
    let bounds = Bounds {
        emits,
        unheard,
        give_backs: 1,
        ..COARSE
    };
    holds("lost answers and giving back", bounds);
    let bounds = Bounds {
        emits,
        unheard,
        crash: ONLY_X,
        ..COARSE
    };
    holds("lost answers and a crash", bounds);
}

#[test]
#[ignore = "takes long"]
fn zombies() {
    let stop = ONLY_X;
    for emits in [
        [ON_X, ON_X, 0],
        [ON_X, ON_Y, 0],
        [ON_Y, ON_X, 0],
        [INSIDE, ANYWHERE, 0],
        [ON_X, INSIDE, 0],
    ] {
        holds(
            "a zombie",
            Bounds {
                emits,
                stop,
                ..COARSE
            },
        );
    }
}

/// Without the lock a mark may be deleted under an epoch that has passed, and nothing worse: who takes
/// over loads later than the snapshot that had the mark.
#[test]
#[ignore = "takes long"]
fn marks_deleted_without_lock() {
    let rules = Rules::ALL.without(Rule::DeleteLocks);
    let stop = ONLY_X;
    for emits in [[ON_X, ON_Y, 0], [ON_Y, ON_X, 0], [INSIDE, ANYWHERE, 0]] {
        let bounds = Bounds {
            emits,
            stop,
            ..COARSE
        };
        let found = search(&World { rules, bounds }, &[Kind::StaleWrite]);
        println!("marks deleted without lock: {} states", found.states);
        assert!(found.failure.is_none());
    }
}

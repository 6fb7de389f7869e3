//! Planted bugs must be found, each within 300 seeds; and a seed that finds one finds it again.

use crate::{
    backing::Kind,
    bug::Bug,
    run::run,
    seeds::{number, say},
};

/// Within so many seeds.
const SEEDS: u64 = 300;

fn found(bug: Bug) {
    let test = format!("mutants::{bug:?}");
    let first = match number("WEBHOOKS_SIM_SEED") {
        Some(seed) => Some((seed, run(seed, Kind::Model, Some(bug)))),
        None => (0..SEEDS)
            .map(|seed| (seed, run(seed, Kind::Model, Some(bug))))
            .find(|(_, outcome)| !outcome.failures.is_empty()),
    };
    let (seed, outcome) = first.unwrap_or_else(|| panic!("{bug:?} is not found in {SEEDS} seeds"));
    eprintln!("{}", say(seed, &outcome, &test));
    assert!(
        !outcome.failures.is_empty(),
        "seed {seed} does not find {bug:?}"
    );
    let again = run(seed, Kind::Model, Some(bug));
    assert_eq!(
        outcome.failures, again.failures,
        "seed {seed} fails in another way"
    );
    assert_eq!(outcome.trace, again.trace, "seed {seed} went two ways");
}

/// A test for each.
macro_rules! mutants {
    ($($bug:ident)*) => {
        $(
            #[test]
            #[allow(non_snake_case, reason = "it has the name of its bug")]
            fn $bug() {
                found(Bug::$bug);
            }
        )*

        #[test]
        fn each_has_a_test() {
            assert_eq!(Bug::ALL, [$(Bug::$bug),*]);
        }
    };
}

mutants! {
    NoEpochs
    LeasesAreStolen
    RenewalsAreForgotten
    OutcomesAreLost
    LoadsSkipTheOldest
    LoadsBringTheSettled
    MarksAreIgnored
    NewcomersAreForgotten
    DiscardsAreForgotten
    RollbacksAreStored
    SentTwice
}

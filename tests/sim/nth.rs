//! One fixed life of three nodes, with its first call to the store failing, then its second, and so on, until
//! there are no more.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use webhooks_core::store::conformance::Fault;

use crate::{
    backing::Kind,
    run::{Trial, run_trial},
};

/// A seed without other faults, in which nodes do something of everything.
const SEED: u64 = 0;

fn every_call_may_fail(fault: Fault) {
    let mut n = 1;
    let mut struck = 0;
    loop {
        let left = Arc::new(AtomicU64::new(n));
        let outcome = run_trial(SEED, Kind::Model, None, Trial::Strike(left.clone(), fault));
        assert!(
            outcome.failures.is_empty(),
            "call {n}, {fault:?}: {:#?}",
            outcome.failures
        );
        if left.load(Relaxed) > 0 {
            break;
        }
        struck += 1;
        n += 1;
    }
    eprintln!("{struck} calls, {fault:?}");
    assert!(struck > 50, "a life has more calls: {struck}");
}

#[test]
fn whichever_call_is_refused_nothing_is_lost() {
    every_call_may_fail(Fault::Refused);
}

#[test]
fn whichever_answer_is_lost_nothing_is_lost() {
    every_call_may_fail(Fault::Lost);
}

#[test]
fn whichever_call_is_late_nothing_is_lost() {
    every_call_may_fail(Fault::Delayed(Duration::from_secs(20)));
}

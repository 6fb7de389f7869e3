//! A node is killed, and nothing else goes wrong: others take over from it in time.

use crate::{
    backing::Kind,
    run::{Trial, run_trial},
    seeds::say,
};

#[test]
fn others_take_over_in_time() {
    let mut takeovers = 0;
    for seed in 0..150 {
        let outcome = run_trial(seed, Kind::Model, None, Trial::Kill);
        let test = "kill::others_take_over_in_time";
        assert!(outcome.failures.is_empty(), "{}", say(seed, &outcome, test));
        takeovers += outcome.cover.get("takeover").unwrap_or(&0);
    }
    assert!(takeovers > 50, "there are more: {takeovers}");
}

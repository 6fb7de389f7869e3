//! Which seeds are run, and what is said of them.

use std::{collections::BTreeMap, env, time::Duration};

use crate::{
    bug::Bug,
    run::{Outcome, run},
};

const SEED: &str = "WEBHOOKS_SIM_SEED";
const SEEDS: &str = "WEBHOOKS_SIM_SEEDS";

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok()?;
    let number = text.parse();
    Some(number.unwrap_or_else(|_| panic!("`{name}` is `{text}`: expected a number")))
}

fn say(seed: u64, outcome: &Outcome) -> String {
    let mut text = format!("seed {seed} breaks {} rules:\n", outcome.failures.len());
    for failure in outcome.failures.iter().take(5) {
        text.push_str(failure);
        text.push('\n');
    }
    text.push_str(&format!("Replay it: {SEED}={seed} cargo test -p webhooks-tests --test sim seeds"));
    text
}

#[test]
fn seeds() {
    let seeds: Vec<u64> = match number(SEED) {
        Some(seed) => vec![seed],
        None => (0..number(SEEDS).unwrap_or(300)).collect(),
    };
    let mut cover: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut time = Duration::ZERO;
    let begin = std::time::Instant::now();
    let mut failed = Vec::new();
    for seed in &seeds {
        let outcome = run(*seed, None);
        if !outcome.failures.is_empty() {
            eprintln!("{}\n", say(*seed, &outcome));
            failed.push(*seed);
        }
        for (what, count) in outcome.cover {
            *cover.entry(what).or_default() += count;
        }
        time += outcome.time;
    }
    let took = begin.elapsed();
    eprintln!(
        "{} seeds, {:.1} simulated hours in {:.1} s: {:.0} seeds/s\n{cover:#?}",
        seeds.len(),
        time.as_secs_f64() / 3_600.0,
        took.as_secs_f64(),
        seeds.len() as f64 / took.as_secs_f64(),
    );
    assert!(failed.is_empty(), "{} of {} seeds failed: {failed:?}", failed.len(), seeds.len());
}

#[allow(dead_code)]
fn _bugs() -> [Bug; 10] {
    Bug::ALL
}

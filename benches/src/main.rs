//! How fast it is, beside the bare client in the same run.
//!
//! Run with `cargo run --release -p webhooks-benches`.
#![allow(clippy::print_stdout, reason = "figures are what it has to say")]
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads clocks and starts tasks"
)]

mod bare;
mod emit;
mod engine;
mod idle;
mod sink;

use std::error::Error;

pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// The size of a payload, about.
const BYTES: usize = 512;
const ROUNDS: usize = 5;
const PARALLEL: usize = 64;
const REQUESTS: usize = 20_000;
const SEQUENTIAL: usize = 4_000;

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    // First, while nothing that was freed can be used again.
    println!(
        "idle emitter       {} bytes",
        idle::bytes_per_emitter(100_000).await?
    );
    let sink = sink::Sink::start().await?;
    println!(
        "{ROUNDS} rounds, medians; {BYTES}-byte payloads; deliveries are counted at the sink\n"
    );
    for (name, parallel, requests) in [
        ("64 emitters", PARALLEL, REQUESTS),
        ("one strict lane", 1, SEQUENTIAL),
    ] {
        let (mut rates, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let before = bare::rate(&sink, parallel, requests).await?;
            let rate = engine::rate(&sink, parallel, requests).await?;
            let after = bare::rate(&sink, parallel, requests).await?;
            rates.push(rate);
            ratios.push(rate / f64::midpoint(before, after));
        }
        println!(
            "{name:<18} {:>9.0}/s   {:.2} of bare reqwest",
            median(rates),
            median(ratios)
        );
    }
    let (p50, p99) = engine::latency(&sink).await?;
    println!("emit to receiver   p50 {p50:.0} µs, p99 {p99:.0} µs, idle system");
    for emitters in [100, 100_000] {
        let micros = emit::unheard(emitters).await?;
        println!("emit, {emitters} emitters that do not listen: {micros:.2} µs");
    }
    Ok(())
}

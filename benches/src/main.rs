//! How fast it is, beside the bare client in the same run.
//!
//! Run with `cargo run --release -p webhooks-benches`; arguments choose sections of it.
#![allow(clippy::print_stdout, reason = "figures are what it has to say")]
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads clocks and starts tasks"
)]

mod bare;
mod cpu;
mod durable;
mod emit;
mod engine;
mod fleet;
mod idle;
mod latency;
mod serialise;
mod sink;
mod stores;

use std::{error::Error, time::Duration};

use crate::{
    cpu::Measured,
    engine::{Load, Shape},
    sink::Sink,
    stores::Kind,
};

pub(crate) type Failed = Box<dyn Error + Send + Sync>;

/// The size of a payload, about.
const BYTES: usize = 512;
const ROUNDS: usize = 5;
const PARALLEL: usize = 64;
const REQUESTS: usize = 20_000;
const SEQUENTIAL: usize = 4_000;
/// In flight at a node, by default.
const IN_FLIGHT: usize = 1_024;

/// In this order: the memory first, while nothing that was freed can be used again.
const SECTIONS: [&str; 10] = [
    "idle", "payload", "rate", "sqlite", "postgres", "latency", "fleet", "enqueue", "backlog",
    "emit",
];
/// Ours alone, for a profiler; only where it is asked for.
const PROFILE: &str = "profile";

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let chosen: Vec<String> = std::env::args().skip(1).collect();
    if let [profiled, which] = &*chosen
        && profiled == PROFILE
    {
        return profile(which).await;
    }
    if let Some(unknown) = chosen.iter().find(|name| !SECTIONS.contains(&&***name)) {
        return Err(format!("no section `{unknown}`: expected some of {SECTIONS:?}").into());
    }
    println!(
        "{ROUNDS} rounds, medians; {BYTES}-byte payloads; deliveries are counted at the sink\n"
    );
    for section in SECTIONS {
        if !chosen.is_empty() && !chosen.iter().any(|name| name == section) {
            continue;
        }
        match section {
            "idle" => {
                let bytes = idle::bytes_per_emitter(100_000).await?;
                println!("{:<24} {bytes} bytes", "idle emitter");
            }
            "payload" => payloads()?,
            "rate" => rates(Kind::Memory, &IN_MEMORY).await?,
            "sqlite" => rates(Kind::Sqlite, &ON_SQLITE).await?,
            "postgres" => rates(Kind::Postgres, &ON_POSTGRES).await?,
            "latency" => latency().await?,
            "fleet" => fleets().await?,
            "enqueue" => enqueue().await?,
            "backlog" => backlogs().await?,
            _ => {
                for emitters in [100, 100_000] {
                    let micros = emit::unheard(emitters).await?;
                    let name = format!("emit, {emitters} others");
                    println!("{name:<24} {micros:.2} µs");
                }
            }
        }
    }
    Ok(())
}

fn payloads() -> Result<(), Failed> {
    for (name, (ours, theirs, size)) in [
        ("a struct", serialise::typed()?),
        ("10,000 keys", serialise::wide(10_000)?),
    ] {
        println!(
            "{:<24} {ours:.0} ns for {size} bytes, {:.2} of serde_json",
            format!("payload, {name}"),
            ours / theirs
        );
    }
    Ok(())
}

const IN_MEMORY: [(&str, Load); 3] = [
    ("64 emitters", load(Shape::Emitters(64), 1, REQUESTS)),
    ("64 lanes", load(Shape::Lanes(64), 64, REQUESTS)),
    ("one strict lane", load(Shape::Emitters(1), 1, SEQUENTIAL)),
];
const ON_SQLITE: [(&str, Load); 4] = [
    ("SQLite, 100 emitters", load(EMITTERS, 1, REQUESTS)),
    ("SQLite, 100 emitters, 16", load(EMITTERS, 16, MANY)),
    ("SQLite, 64 lanes", load(LANES, 64, REQUESTS)),
    ("SQLite, 64 lanes, 256", load(LANES, 256, MANY)),
];
const ON_POSTGRES: [(&str, Load); 4] = [
    ("PostgreSQL, 100 emitters", load(EMITTERS, 1, REQUESTS)),
    ("PostgreSQL, 100 emit., 16", load(EMITTERS, 16, MANY)),
    ("PostgreSQL, 64 lanes", load(LANES, 64, REQUESTS)),
    ("PostgreSQL, 64 lanes, 256", load(LANES, 256, MANY)),
];
const EMITTERS: Shape = Shape::Emitters(100);
const LANES: Shape = Shape::Lanes(64);
/// What many callers emit.
const MANY: usize = 51_200;

/// About so many deliveries: what divides evenly.
const fn load(shape: Shape, callers: usize, deliveries: usize) -> Load {
    let each = match shape {
        Shape::Emitters(emitters) => emitters,
        Shape::Lanes(_) => 1,
    };
    Load {
        shape,
        callers,
        deliveries: deliveries / (each * callers) * (each * callers),
    }
}

/// The stores that outlive a process.
const DURABLE: [(&str, Kind); 2] = [("SQLite", Kind::Sqlite), ("PostgreSQL", Kind::Postgres)];

async fn rates(kind: Kind, cases: &[(&str, Load)]) -> Result<(), Failed> {
    let sink = Sink::start().await?;
    for &(name, load) in cases {
        let requests = load.deliveries;
        let parallel = match load.shape {
            Shape::Emitters(1) => 1,
            Shape::Emitters(_) | Shape::Lanes(_) => PARALLEL,
        };
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let before = bare::rate(&sink, parallel, requests, true).await?;
            let ours = engine::rate(&sink, kind, load).await?;
            let after = bare::rate(&sink, parallel, requests, true).await?;
            let naked = bare::rate(&sink, parallel, requests, false).await?;
            rounds.push((ours, Measured::between(&before, &after), naked));
        }
        let of = |what: fn(&(Measured, Measured, Measured)) -> f64| {
            median(rounds.iter().map(what).collect())
        };
        println!(
            "{name:<24} {:.0}/s: {:.2} of bare reqwest with the same headers, {:.2} without any",
            of(|(ours, ..)| ours.per_second),
            of(|(ours, bare, _)| ours.per_second / bare.per_second),
            of(|(ours, _, naked)| ours.per_second / naked.per_second),
        );
        println!(
            "{:<24} {:.1} µs of CPU each, sink included; bare {:.1} and {:.1}",
            "",
            of(|(ours, ..)| ours.cpu_micros),
            of(|(_, bare, _)| bare.cpu_micros),
            of(|(.., naked)| naked.cpu_micros),
        );
    }
    Ok(())
}

async fn profile(which: &str) -> Result<(), Failed> {
    let sink = Sink::start().await?;
    let cases = [
        (Kind::Memory, &IN_MEMORY[..]),
        (Kind::Sqlite, &ON_SQLITE),
        (Kind::Postgres, &ON_POSTGRES),
    ];
    for (kind, cases) in cases {
        for (name, load) in cases {
            if name == &which {
                let load = Load {
                    deliveries: 5 * load.deliveries,
                    ..*load
                };
                let ours = engine::rate(&sink, kind, load).await?;
                let (rate, cpu) = (ours.per_second, ours.cpu_micros);
                println!("{name}, alone: {rate:.0}/s, {cpu:.1} µs of CPU each");
                return Ok(());
            }
        }
    }
    for (name, nodes) in [("one node", 1), ("two nodes", 2)] {
        if name == which {
            let ours = fleet::rate(&sink, nodes, IN_FLIGHT, 5 * REQUESTS).await?;
            let (rate, cpu) = (ours.per_second, ours.cpu_micros);
            println!("{name}, alone: {rate:.0}/s, {cpu:.1} µs of CPU each");
            return Ok(());
        }
    }
    Err(format!("nothing is called `{which}`").into())
}

async fn latency() -> Result<(), Failed> {
    for (name, kind) in [
        ("emit to receiver, idle", Kind::Memory),
        ("… on SQLite", Kind::Sqlite),
        ("… on PostgreSQL", Kind::Postgres),
    ] {
        // In a task, as handlers are: the thread of `main` would have to be woken from outside.
        let (mut ours, mut bare) = tokio::spawn(async move {
            let sink = Sink::start().await?;
            let ours = engine::latency(&sink, kind).await?;
            Ok::<_, Failed>((ours, bare::latency(&sink).await?))
        })
        .await??;
        println!(
            "{name:<24} p50 {:.0} µs, p99 {:.0} µs; bare reqwest {:.0} and {:.0}",
            ours.percentile(50),
            ours.percentile(99),
            bare.percentile(50),
            bare.percentile(99),
        );
    }
    Ok(())
}

async fn fleets() -> Result<(), Failed> {
    let (mut elsewhere, mut committed) = tokio::spawn(async move {
        let sink = Sink::start().await?;
        let elsewhere = fleet::elsewhere(&sink).await?;
        Ok::<_, Failed>((elsewhere, fleet::committed(&sink).await?))
    })
    .await??;
    for (name, latencies) in [
        ("emit on another node", &mut elsewhere),
        ("commit to receiver", &mut committed),
    ] {
        println!(
            "{name:<24} p50 {:.1} ms, p99 {:.1} ms",
            latencies.percentile(50) / 1e3,
            latencies.percentile(99) / 1e3,
        );
    }
    for (name, takes, in_flight, requests) in [
        ("one database", Duration::ZERO, IN_FLIGHT, REQUESTS),
        // Longer, since it takes the receivers some time to have enough to do.
        (
            "… receivers take 10 ms",
            Duration::from_millis(10),
            IN_FLIGHT,
            4 * REQUESTS,
        ),
        // What bounds a node here is its own, not the machine that all share.
        (
            "… and 32 in flight",
            Duration::from_millis(10),
            32,
            2 * REQUESTS,
        ),
    ] {
        let sink = Sink::that_takes(takes).await?;
        let (mut ones, mut ratios) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let one = fleet::rate(&sink, 1, in_flight, requests).await?.per_second;
            let two = fleet::rate(&sink, 2, in_flight, requests).await?.per_second;
            ones.push(one);
            ratios.push(two / one);
        }
        println!(
            "{name:<24} {:.0}/s by one node; by two nodes {:.2} of that",
            median(ones),
            median(ratios),
        );
    }
    let sink = Sink::start().await?;
    let leases = fleet::leases(&sink, 50_000).await?;
    println!(
        "{:<24} taken in {:.0} ms for each thousand; kept with {:.1} ms each second",
        "50,000 leases", leases.taken, leases.kept,
    );
    Ok(())
}

async fn enqueue() -> Result<(), Failed> {
    let sink = Sink::start().await?;
    for (store, kind) in DURABLE {
        for (callers, events) in [(1, 4_096), (16, 32_768), (256, 65_536)] {
            let mut rates = Vec::new();
            for _ in 0..ROUNDS {
                rates.push(durable::enqueue(&sink, kind, callers, events).await?);
            }
            let name = format!("{store}, {callers} callers");
            println!("{name:<24} {:.0} events/s enqueued", median(rates));
        }
    }
    Ok(())
}

/// A long backlog beside a short one, with the bare client before both.
async fn backlogs() -> Result<(), Failed> {
    const LONG: usize = 1_000_000;
    const SHORT: usize = 1_024;
    let sink = Sink::start().await?;
    for (store, kind) in DURABLE {
        let bare = bare::rate(&sink, PARALLEL, REQUESTS, true).await?;
        let mut short = Vec::new();
        for _ in 0..2 * ROUNDS {
            let drained = durable::drain(&sink, kind, SHORT).await?;
            short.push(drained.measured.per_second);
        }
        let short = median(short);
        let long = durable::drain(&sink, kind, LONG / 64 * 64).await?;
        let rate = long.measured.per_second;
        println!(
            "{:<24} {rate:.0}/s for 1M rows, {short:.0}/s for 1k: {:.2}; {:.2} of bare reqwest",
            format!("{store}, backlog"),
            rate / short,
            rate / bare.per_second,
        );
        println!(
            "{:<24} {:.1} ms for statistics of 1M rows; {} MiB more memory once drained",
            "",
            long.stats,
            long.grown >> 20,
        );
        println!(
            "{:<24} replayed {:.0}/s, {} MiB more memory",
            "",
            long.replayed,
            long.grown_by_replay >> 20,
        );
    }
    Ok(())
}

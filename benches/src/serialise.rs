//! What a typed payload costs, beside serde_json.

use std::{collections::BTreeMap, hint::black_box, time::Instant};

use serde::Serialize;
use webhooks_core::Payload;

use crate::{Failed, median};

const PAYLOADS: u32 = 100_000;
const ROUNDS: usize = 9;

/// About 500 bytes of what shops send.
#[derive(Serialize)]
struct Order {
    id: u64,
    number: &'static str,
    customer: Customer,
    lines: Vec<Line>,
    total: f64,
    currency: &'static str,
    note: Option<&'static str>,
    paid: bool,
}

#[derive(Serialize)]
struct Customer {
    name: &'static str,
    email: &'static str,
    address: [&'static str; 3],
}

#[derive(Serialize)]
struct Line {
    article: &'static str,
    description: &'static str,
    quantity: u32,
    price: f64,
}

fn order() -> Order {
    let line = |article, price| Line {
        article,
        description: "A chair of oak, with arms and a \"seat\" of leather",
        quantity: 4,
        price,
    };
    Order {
        id: 4_815_162_342,
        number: "2026-000815",
        customer: Customer {
            name: "Erika Mustermann",
            email: "erika@customer.example",
            address: ["Heidestraße 17", "51147 Köln", "Germany"],
        },
        lines: vec![line("OAK-1", 129.95), line("OAK-2", 249.0)],
        total: 378.95,
        currency: "EUR",
        note: None,
        paid: true,
    }
}

/// Nanoseconds of ours and of serde_json's, and the size.
pub(crate) fn typed() -> Result<(f64, f64, usize), Failed> {
    compare(&order())
}

/// The same for an object of so many keys.
pub(crate) fn wide(keys: u32) -> Result<(f64, f64, usize), Failed> {
    let map: BTreeMap<String, u32> = (0..keys).map(|key| (format!("key {key}"), key)).collect();
    compare(&map)
}

fn compare<T: Serialize>(value: &T) -> Result<(f64, f64, usize), Failed> {
    let size = Payload::from_value(value)?.as_bytes().len();
    let count = (PAYLOADS as usize / (size / 500).max(1)).max(1);
    let nanos = |start: Instant| start.elapsed().as_secs_f64() * 1e9 / count as f64;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..count {
            black_box(Payload::from_value(black_box(value))?);
        }
        ours.push(nanos(start));
        let start = Instant::now();
        for _ in 0..count {
            black_box(serde_json::to_vec(black_box(value))?);
        }
        theirs.push(nanos(start));
    }
    Ok((median(ours), median(theirs), size))
}

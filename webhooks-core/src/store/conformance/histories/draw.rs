//! Drawing the steps of a history.

use std::time::Duration;

use super::step::{Address, End, Letter, List, Pick, Step};
use crate::{
    delivery::DeliveryState,
    emitter::{Backlog, DisabledReason},
    store::{StateChange, conformance::chance::Chance},
};

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);

const STATES: [DeliveryState; 4] = [
    DeliveryState::Pending,
    DeliveryState::Delivered,
    DeliveryState::Dead,
    DeliveryState::Discarded,
];

const CHANGES: [StateChange; 6] = [
    StateChange::Pause(Backlog::Keep),
    StateChange::Pause(Backlog::Discard),
    StateChange::Restart,
    StateChange::Restart,
    StateChange::Restart,
    StateChange::Disable(DisabledReason::Gone),
];

/// The steps of the history of this seed: first there are two nodes and each emitter, one node owns
/// them all, then anything.
pub(super) fn history(seed: u64, length: usize) -> Vec<Step> {
    let chance = &mut Chance::new(seed);
    let mut steps = vec![Step::Join, Step::Join];
    for emitter in 0..EMITTERS {
        steps.push(Step::Put {
            emitter,
            config: 0,
            secret: 0,
            of_tenant: false,
            upsert: None,
        });
    }
    steps.push(Step::Lease {
        node: 0,
        emitters: Some((0..EMITTERS).collect()),
        limit: EMITTERS,
    });
    steps.resize_with(length.max(steps.len()), || step(chance));
    steps
}

/// So many emitters there are at most.
pub(super) const EMITTERS: usize = 3;

fn step(chance: &mut Chance) -> Step {
    match chance.below(122) {
        0..=19 => append(chance),
        20..=23 => Step::AppendAgain {
            batch: recent(chance),
        },
        24..=35 => load(chance),
        36..=50 => settle(chance),
        51..=53 => Step::SettleAgain {
            batch: recent(chance),
        },
        54..=62 => lease(chance),
        63..=65 => Step::GiveBack {
            lease: recent(chance),
            by_another: chance.one_in(4),
        },
        66..=71 => Step::Redeliver {
            delivery: chance.below(20),
            fresh: chance.one_in(3),
        },
        72 => Step::RedeliverAgain {
            fresh: recent(chance),
        },
        73..=75 => replay(chance),
        76..=78 => Step::Discard {
            delivery: recent(chance),
        },
        79..=80 => Step::Erase {
            delivery: chance.below(40),
        },
        81..=84 => prune(chance),
        85..=88 => list(chance),
        89..=92 => Step::Look {
            delivery: chance.below(40),
        },
        93..=95 => Step::Overview,
        96..=99 => put(chance),
        100..=105 => Step::SetState {
            emitter: chance.below(EMITTERS),
            change: chance.one_of(&CHANGES),
        },
        106 => Step::Remove {
            emitter: chance.below(EMITTERS),
        },
        107 => Step::Join,
        108..=112 => Step::Renew {
            node: recent(chance),
        },
        113..=117 => Step::Pass(chance.one_of(&[
            Duration::from_micros(1),
            Duration::from_millis(1),
            SECOND,
            11 * SECOND,
        ])),
        _ => Step::Lapse {
            time: chance.one_of(&[
                Duration::ZERO,
                30 * SECOND,
                HOUR,
                24 * HOUR - 13 * SECOND,
                25 * HOUR,
            ]),
            survivor: if chance.one_in(4) {
                None
            } else {
                Some(recent(chance))
            },
        },
    }
}

/// Mostly one of the latest.
fn recent(chance: &mut Chance) -> Pick {
    let end = chance.one_of(&[2, 4, 40]);
    chance.below(end)
}

fn put(chance: &mut Chance) -> Step {
    Step::Put {
        emitter: chance.below(EMITTERS),
        config: chance.below(3) as u8,
        secret: chance.below(2) as u8,
        of_tenant: chance.one_in(8),
        upsert: chance.maybe(|chance| chance.one_in(2)),
    }
}

fn lease(chance: &mut Chance) -> Step {
    let emitters = chance.maybe(|chance| {
        let count = 1 + chance.below(EMITTERS);
        (0..count).map(|_| chance.below(EMITTERS + 1)).collect()
    });
    Step::Lease {
        node: recent(chance),
        emitters,
        limit: chance.one_of(&[1, 2, 10]),
    }
}

fn append(chance: &mut Chance) -> Step {
    let count = 1 + chance.below(3);
    Step::Append {
        by: recent(chance),
        messages: (0..count).map(|_| letter(chance)).collect(),
    }
}

fn letter(chance: &mut Chance) -> Letter {
    let listeners = chance.below(EMITTERS + 1);
    Letter {
        event: chance.below(2) as u8,
        of_tenant: chance.one_in(5),
        ordering_key: chance.maybe(|chance| chance.below(4) as u8),
        size: chance.one_of(&[0, 2, 9, 300]),
        key: if chance.one_in(3) {
            let fingerprint = u8::from(chance.one_in(5));
            Some((chance.below(3) as u8, fingerprint))
        } else {
            None
        },
        to: (0..listeners).map(|_| address(chance)).collect(),
    }
}

fn address(chance: &mut Chance) -> Address {
    let seldom = |chance: &mut Chance| usize::from(chance.one_in(12));
    Address {
        emitter: chance.below(EMITTERS),
        generation: seldom(chance),
        lease: if chance.one_in(12) {
            None
        } else {
            Some(seldom(chance))
        },
        delay: chance.one_of(&[Duration::ZERO, SECOND]),
    }
}

fn load(chance: &mut Chance) -> Step {
    let lanes = chance.one_of(&[1, 2, 3, 7]);
    Step::Load {
        lease: recent(chance),
        behind: chance.maybe(|chance| chance.below(40)),
        lanes,
        only: chance.maybe(|chance| (0..lanes).filter(|_| chance.one_in(2)).collect()),
        limit: chance.one_of(&[1, 2, 5, 100]),
        max_bytes: chance.one_of(&[0, 10, 310, 1 << 20]),
    }
}

fn settle(chance: &mut Chance) -> Step {
    let end = |chance: &mut Chance| match chance.below(6) {
        0..=2 => End::Delivered,
        3 => End::Retry(SECOND),
        4 => End::Lost(HOUR),
        _ => End::GivenUp,
    };
    let count = 1 + chance.below(3);
    Step::Settle {
        jobs: (0..count).map(|_| (recent(chance), end(chance))).collect(),
        failures: chance.maybe(|chance| chance.below(3) as u32),
    }
}

fn replay(chance: &mut Chance) -> Step {
    Step::Replay {
        emitter: chance.below(EMITTERS),
        since: chance.one_of(&[Duration::ZERO, HOUR, 1_000 * HOUR, 1_000 * HOUR]),
        until: chance.one_in(3).then(|| ago(chance)),
        states: STATES.into_iter().filter(|_| chance.one_in(6)).collect(),
        fresh: chance.one_in(3),
    }
}

fn prune(chance: &mut Chance) -> Step {
    Step::Prune {
        settled: chance.one_of(&[Duration::ZERO, SECOND, HOUR, 24 * HOUR, 1_000 * HOUR]),
        payloads: chance.maybe(ago),
        keys: ago(chance),
        limit: chance.one_of(&[1, 2, 1_000, 1_000]),
    }
}

fn list(chance: &mut Chance) -> Step {
    let seldom = |chance: &mut Chance| chance.one_in(4);
    Step::List(List {
        emitter: chance.maybe(|chance| chance.below(EMITTERS)),
        state: chance.maybe(|chance| chance.one_of(&STATES)),
        event: seldom(chance).then(|| chance.below(2) as u8),
        of_tenant: seldom(chance),
        like: seldom(chance).then(|| chance.below(40)),
        since: seldom(chance).then(|| ago(chance)),
        until: seldom(chance).then(|| ago(chance)),
        behind: seldom(chance).then(|| chance.below(40)),
        limit: chance.one_of(&[0, 1, 3, 250]),
    })
}

fn ago(chance: &mut Chance) -> Duration {
    chance.one_of(&[
        Duration::ZERO,
        Duration::ZERO,
        10 * SECOND,
        HOUR,
        1_000 * HOUR,
    ])
}

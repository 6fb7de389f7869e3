//! One step of a history.

use std::time::Duration;

use crate::{delivery::DeliveryState, store::StateChange};

/// What is meant, counted back from the latest and beginning again behind the first.
pub(super) type Pick = usize;

/// One step of a history.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Put {
        emitter: Pick,
        config: u8,
        secret: u8,
        of_tenant: bool,
        /// An upsert, and whether it replaces keys.
        upsert: Option<bool>,
    },
    SetState {
        emitter: Pick,
        change: StateChange,
    },
    Remove {
        emitter: Pick,
    },
    Join,
    Renew {
        node: Pick,
    },
    Lease {
        node: Pick,
        emitters: Option<Vec<Pick>>,
        limit: usize,
    },
    GiveBack {
        lease: Pick,
        by_another: bool,
    },
    Append {
        by: Pick,
        messages: Vec<Letter>,
    },
    AppendAgain {
        batch: Pick,
    },
    Load {
        lease: Pick,
        behind: Option<Pick>,
        lanes: u32,
        only: Option<Vec<u32>>,
        limit: usize,
        max_bytes: usize,
    },
    Settle {
        jobs: Vec<(Pick, End)>,
        /// How many failures its emitters have had.
        failures: Option<u32>,
    },
    SettleAgain {
        batch: Pick,
    },
    Redeliver {
        delivery: Pick,
        fresh: bool,
    },
    RedeliverAgain {
        fresh: Pick,
    },
    Replay {
        emitter: Pick,
        since: Duration,
        until: Option<Duration>,
        states: Vec<DeliveryState>,
        fresh: bool,
    },
    Discard {
        delivery: Pick,
    },
    Erase {
        delivery: Pick,
    },
    Prune {
        settled: Duration,
        payloads: Option<Duration>,
        keys: Duration,
        limit: usize,
    },
    List(List),
    Look {
        delivery: Pick,
    },
    Overview,
    Pass(Duration),
    /// Every node's time runs out, and this time more passes; one may renew then.
    Lapse {
        time: Duration,
        survivor: Option<Pick>,
    },
}

/// A message to be appended.
#[derive(Debug, Clone)]
pub(super) struct Letter {
    pub(super) event: u8,
    pub(super) of_tenant: bool,
    pub(super) ordering_key: Option<u8>,
    pub(super) size: usize,
    /// Idempotency key and fingerprint.
    pub(super) key: Option<(u8, u8)>,
    pub(super) to: Vec<Address>,
}

/// Where a message goes.
#[derive(Debug, Clone)]
pub(super) struct Address {
    pub(super) emitter: Pick,
    /// 0 is the latest.
    pub(super) generation: Pick,
    /// Which of the node's leases of the emitter proves ownership; 0 is the latest.
    pub(super) lease: Option<Pick>,
    pub(super) delay: Duration,
}

/// How an attempt ends.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Delivered,
    Retry(Duration),
    /// No answer, and it is tried again.
    Lost(Duration),
    GivenUp,
}

/// A list of deliveries.
#[derive(Debug, Clone)]
pub(super) struct List {
    pub(super) emitter: Option<Pick>,
    pub(super) state: Option<DeliveryState>,
    pub(super) event: Option<u8>,
    pub(super) of_tenant: bool,
    pub(super) like: Option<Pick>,
    pub(super) since: Option<Duration>,
    pub(super) until: Option<Duration>,
    pub(super) behind: Option<Pick>,
    pub(super) limit: usize,
}

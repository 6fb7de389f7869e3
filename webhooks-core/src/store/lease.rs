//! Ownership of emitters, and loading what is pending.

use std::{fmt, sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    delivery::{Message, Progress, Seq},
    emitter::EmitterId,
    env::{Env, Timestamp},
};

/// How long a node lives without renewing.
pub const NODE_LIFETIME: Duration = Duration::from_secs(12);

/// Which of an emitter's owners in turn this is; only grows.
pub type Epoch = u64;

/// One run of one process.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(Uuid);

impl NodeId {
    /// A new one.
    #[must_use]
    pub fn generate(env: &Env) -> Self {
        Self(env.uuid_v4())
    }

    /// The one that is this UUID.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid)
    }

    /// The UUID inside.
    #[must_use]
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// What renewing a node's row found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewal {
    /// It is alive until then, on the store's clock.
    Alive {
        /// Until when.
        until: Timestamp,
        /// The time by the store's own clock. `None` where it goes by what it is told: then all that use
        /// it share one machine's clock.
        clock: Option<Timestamp>,
    },
    /// Somebody took its emitters over: it must come back under a new ID.
    Dead,
}

/// Which emitters to lease.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// For whom.
    pub node: NodeId,
    /// These, where they are active and nobody alive owns them; `None`: any active emitter that
    /// has pending deliveries and no owner alive, and those of this node's own that are marked: it
    /// must load them.
    pub emitters: Option<Vec<EmitterId>>,
    /// With `None` above, also all of this node's own that have pending deliveries: the answer to an earlier
    /// request was lost, and it may own some that it does not know of.
    pub recount: bool,
    /// At most so many.
    pub limit: usize,
    /// The time now.
    pub now: Timestamp,
}

/// An emitter that is this node's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The emitter.
    pub emitter: EmitterId,
    /// The epoch that every write about it must carry.
    pub epoch: Epoch,
    /// How its receiver answered last.
    pub health: Health,
}

/// How an emitter's receiver answered last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Failures since the last success, whichever deliveries they were of.
    pub consecutive_failures: u32,
    /// No attempt before then.
    pub cooling_until: Option<Timestamp>,
    /// When the first of these failures was.
    pub failing_since: Option<Timestamp>,
}

/// A request for pending deliveries of one emitter, in the order of `seq`.
#[derive(Debug, Clone)]
pub struct Load {
    /// Who loads.
    pub node: NodeId,
    /// The emitter.
    pub emitter: EmitterId,
    /// The epoch of its lease.
    pub epoch: Epoch,
    /// Only those behind this place; 0 for all.
    pub after: Seq,
    /// How many lanes the emitter has.
    pub lanes: u32,
    /// Only those of these lanes; `None` for all.
    pub only: Option<Vec<u32>>,
    /// At most so many rows.
    pub limit: usize,
    /// A row comes if the bodies before it have fewer bytes; the first comes always.
    pub max_bytes: usize,
    /// The time now.
    pub now: Timestamp,
}

impl Load {
    /// Whether all of an emitter is asked for, or its first page: only then may its mark be cleared.
    #[must_use]
    pub fn is_from_zero(&self) -> bool {
        self.after == 0 && self.only.is_none()
    }
}

/// What a load brought.
#[derive(Debug, Clone)]
pub enum Loaded {
    /// Pending deliveries of the current generation, in the order of `seq`.
    Rows {
        /// The deliveries.
        rows: Vec<PendingRow>,
        /// Whether there may be more behind the last of them.
        more: bool,
    },
    /// The emitter is marked, and not all of it was asked for: some of what the mark is about may lie
    /// before or beside that. Nothing was read; all of it must be loaded.
    Marked,
    /// The emitter is not this node's under this epoch any more.
    NotOwner,
}

/// One pending delivery.
#[derive(Debug, Clone)]
pub struct PendingRow {
    /// Its place in the order of its emitter.
    pub seq: Seq,
    /// What is sent.
    pub message: Arc<Message>,
    /// How far it has come.
    pub progress: Progress,
}

/// The lane of a delivery: by the hash of its ordering key, else by its place.
#[must_use]
pub fn lane_of(seq: Seq, message: &Message, lanes: u32) -> u32 {
    if lanes <= 1 {
        return 0;
    }
    let hash = message.ordering_key.as_ref().map(|key| key.stable_hash());
    lane_by_hash(seq, hash, lanes)
}

/// The lane of a delivery, by what a store keeps of its ordering key.
pub(crate) fn lane_by_hash(seq: Seq, hash: Option<i64>, lanes: u32) -> u32 {
    if lanes <= 1 {
        return 0;
    }
    let spread = hash.map_or(seq, i64::unsigned_abs) % u64::from(lanes);
    u32::try_from(spread).expect("a remainder of a u32 fits in a u32")
}

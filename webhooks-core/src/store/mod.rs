//! What a store promises: one batch-oriented trait, whichever database is behind it.
//!
//! - `now` is a parameter. A store that several machines share goes by a clock of its own for who is alive,
//!   and says in a [`Renewal`] what it is.
//! - [`append`](Store::append) is durable when it returns, and goes on when its future is dropped.
//! - An emitter with work is leased, with all its lanes, to one node; every write that settles
//!   carries the lease's epoch, and one of an old epoch changes no row (fencing).
//! - `attach`, `pause(Discard)` and `detach` draw a new generation; a delivery of an older one is
//!   never loaded, and settles as `discarded`.
//! - Order: `seq` is drawn inside the append, in the batch's order. An append that is not proven
//!   to be the owner's leaves a *mark*, which the owner's next load clears; nothing goes straight
//!   to memory past a mark.
//!
//! `conformance` holds the suite that every store passes.
//!
//! | Word | |
//! |---|---|
//! | seq | the place of a delivery in the order of its emitter; a redelivery has a new one |
//! | generation | which backlog of an emitter it is of: one that was discarded is of an old one |
//! | lease, epoch | that a node may deliver for an emitter, and which owner in turn that is |
//! | mark | that something was appended which the owner may not know |
//! | straight, withheld | an appended delivery that goes to the owner's memory at once, or waits for a load |

mod again;
mod append;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod emitter_columns;
mod emitters;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod end;
#[cfg(any(test, feature = "conformance"))]
mod fault;
mod filter;
mod ids;
mod lease;
mod log;
pub mod memory;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod migration;
#[cfg(any(test, feature = "conformance"))]
mod model;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod pager;
#[cfg(feature = "postgres")]
pub mod postgres;
mod prune;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod prune_job;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod rows;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod seal;
mod settle;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
mod stats;
mod traits;

#[cfg(feature = "sqlite")]
pub(crate) use self::lease::lane_by_hash;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::migration::Migration;
#[cfg(feature = "postgres")]
pub use self::postgres::PostgresStore;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use self::seal::{SecretsKey, SecretsKeyId};
#[cfg(feature = "sqlite")]
pub use self::sqlite::SqliteStore;
pub use self::{
    again::{Redeliver, RedeliverOutcome, Replay},
    append::{
        Append, Appended, AppendedRow, Fate, IDEMPOTENCY_LIFETIME, NewDelivery, NewMessage,
        Receipt, Stored,
    },
    emitters::{
        EmitterStanding, EmitterTable, Put, PutEmitter, PutOutcome, SetState, StateChange,
        StateOutcome,
    },
    filter::{Cursor, DeliveryFilter, Page},
    lease::{
        Epoch, Health, Lease, LeaseRequest, Load, Loaded, NODE_LIFETIME, NodeId, PendingRow,
        Renewal, lane_of,
    },
    log::{DeliveryDetail, DeliveryRecord, DiscardOutcome, MessageDetail, Reason},
    memory::{MemoryLimits, MemoryStore},
    prune::{Prune, Pruned},
    settle::{Settle, SettleOutcome, Settlement, Verdict},
    stats::{QueueStats, Settled, Stats},
    traits::{Store, StoreFuture},
};

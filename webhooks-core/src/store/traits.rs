//! The store trait.

use std::{pin::Pin, sync::Arc};

use super::{
    Append, Appended, DeliveryDetail, DeliveryFilter, DeliveryRecord, DiscardOutcome,
    EmitterStanding, EmitterTable, Epoch, Lease, LeaseRequest, Load, Loaded, MessageDetail, NodeId,
    Page, Prune, Pruned, PutEmitter, PutOutcome, Redeliver, RedeliverOutcome, Renewal, Replay,
    SetState, Settle, SettleOutcome, StateOutcome, Stats,
};
use crate::{Error, delivery::DeliveryKey, emitter::EmitterId, env::Timestamp, event::MessageId};

/// What a store method returns.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Where emitters, messages and deliveries are kept.
///
/// A store that cannot do what is asked returns an [`Error`] of kind
/// [`Store`](crate::ErrorKind::Store), or [`Busy`](crate::ErrorKind::Busy) where the application
/// itself holds it up; both may be retried. Everything that is the caller's to decide on is in the
/// typed outcomes instead.
///
/// # Cancel safety
/// Writes are handed over when the future is first polled; dropping it afterwards undoes nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a store for webhooks",
    note = "`MemoryStore` is one; the trait `webhooks_core::store::Store` makes another"
)]
pub trait Store: Send + Sync + 'static {
    /// Whether what was appended survives the process.
    fn is_persistent(&self) -> bool;

    /// The store on SQLite that this is, or is a wrapper of: what events are emitted with inside the
    /// application's transactions. None by default.
    #[cfg(feature = "sqlite")]
    fn as_sqlite(&self) -> Option<&super::SqliteStore> {
        None
    }

    /// The store in PostgreSQL that this is, or is a wrapper of: what events are emitted with inside the
    /// application's transactions. None by default.
    #[cfg(feature = "postgres")]
    fn as_postgres(&self) -> Option<&super::PostgresStore> {
        None
    }

    /// The version of the emitter table: what [`emitters`](Self::emitters) would return. Cheap,
    /// since it is asked for every second; it also tells whether the store is there.
    fn version(&self) -> StoreFuture<'_, u64>;

    /// All emitters.
    fn emitters(&self) -> StoreFuture<'_, EmitterTable>;

    /// Writes an emitter; of two that are attached at once under one ID exactly one wins. A new
    /// emitter gets a new generation.
    fn put_emitter(&self, put: PutEmitter) -> StoreFuture<'_, PutOutcome>;

    /// Changes an emitter's state.
    fn set_state(&self, change: SetState) -> StoreFuture<'_, StateOutcome>;

    /// Removes an emitter, discarding what is pending (reason `detached`); `false` if there was
    /// none. Its lease stays until it is given back, so that what is in flight can settle; a store
    /// may let go of it, and take its node for dead, once that is not alive.
    fn remove_emitter(&self, emitter: EmitterId, now: Timestamp) -> StoreFuture<'_, bool>;

    /// How these emitters stand, in the order asked for; the default for an unknown one.
    fn standing(&self, emitters: Vec<EmitterId>) -> StoreFuture<'_, Vec<EmitterStanding>>;

    /// Says that a node is alive for 12 more seconds; a new one is registered.
    fn renew(&self, node: NodeId, now: Timestamp) -> StoreFuture<'_, Renewal>;

    /// Leases active emitters. One asked for by its ID that the node owns already comes back with its
    /// epoch; any other gets one that is greater than all it had, also before a detach. No emitter is
    /// taken from a node alive; a node that one is taken from is dead from then on. A node that is
    /// dead, or has not renewed in time, gets none.
    fn lease(&self, request: LeaseRequest) -> StoreFuture<'_, Vec<Lease>>;

    /// Gives leases back, where node and epoch are still theirs.
    fn give_back(&self, node: NodeId, leases: Vec<(EmitterId, Epoch)>) -> StoreFuture<'_, ()>;

    /// Stores messages and deliveries, all or none, in order; durable when it returns.
    ///
    /// The error is [`QueueFull`](crate::ErrorKind::QueueFull) if the store's total bound would be
    /// exceeded: nothing was stored then.
    fn append(&self, batch: Append) -> StoreFuture<'_, Vec<Appended>>;

    /// Loads pending deliveries, an answer for each request, whatever the emitter's state. Where the
    /// node is still the owner, a load from zero ([`Load::is_from_zero`]) clears the marks that it sees
    /// before it reads; any other clears none, and says so if there is one ([`Loaded::Marked`]).
    fn load(&self, loads: Vec<Load>) -> StoreFuture<'_, Vec<Loaded>>;

    /// Writes down what became of attempts, an outcome for each settlement.
    fn settle(&self, batch: Settle) -> StoreFuture<'_, Vec<SettleOutcome>>;

    /// Lists deliveries: the greatest message ID first, those of one message by emitter.
    fn deliveries(&self, filter: DeliveryFilter) -> StoreFuture<'_, Page<DeliveryRecord>>;

    /// One delivery with its attempts.
    fn delivery(&self, key: DeliveryKey) -> StoreFuture<'_, Option<DeliveryDetail>>;

    /// One message with its deliveries.
    fn message(&self, id: MessageId) -> StoreFuture<'_, Option<MessageDetail>>;

    /// Sends a delivery again.
    fn redeliver(&self, redeliver: Redeliver) -> StoreFuture<'_, RedeliverOutcome>;

    /// Discards a pending delivery, reason `skipped`.
    fn discard(&self, key: DeliveryKey, now: Timestamp) -> StoreFuture<'_, DiscardOutcome>;

    /// Sends many deliveries of an emitter again; returns how many. A new message for each where
    /// `fresh` makes IDs.
    fn replay(
        &self,
        replay: Replay,
        fresh: Option<Arc<dyn Fn() -> MessageId + Send + Sync>>,
    ) -> StoreFuture<'_, u64>;

    /// Erases a message's payload and discards what of it is pending (reason `erased`); `false` if
    /// there is no such message.
    fn erase_payload(&self, id: MessageId, now: Timestamp) -> StoreFuture<'_, bool>;

    /// Forgets what is old. What is pending stays.
    fn prune(&self, prune: Prune) -> StoreFuture<'_, Pruned>;

    /// How many deliveries are pending, and how many settled. Costs the same however many there are.
    fn stats(&self, now: Timestamp) -> StoreFuture<'_, Stats>;

    /// Waits until others may have appended to, or changed, what this node owns or could own: the
    /// count of such changes has exceeded `seen`; returns the count. It is never behind by more
    /// than a second. Dropping the future is fine.
    fn changed(&self, seen: u64) -> StoreFuture<'_, u64>;
}

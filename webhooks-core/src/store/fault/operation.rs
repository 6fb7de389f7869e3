//! The methods of a store that can fail.

/// A method of [`Store`](crate::store::Store) that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// [`Store::version`](crate::store::Store::version).
    Version,
    /// [`Store::emitters`](crate::store::Store::emitters).
    Emitters,
    /// [`Store::put_emitter`](crate::store::Store::put_emitter).
    PutEmitter,
    /// [`Store::set_state`](crate::store::Store::set_state).
    SetState,
    /// [`Store::remove_emitter`](crate::store::Store::remove_emitter).
    RemoveEmitter,
    /// [`Store::standing`](crate::store::Store::standing).
    Standing,
    /// [`Store::renew`](crate::store::Store::renew).
    Renew,
    /// [`Store::lease`](crate::store::Store::lease).
    Lease,
    /// [`Store::give_back`](crate::store::Store::give_back).
    GiveBack,
    /// [`Store::append`](crate::store::Store::append).
    Append,
    /// [`Store::load`](crate::store::Store::load).
    Load,
    /// [`Store::settle`](crate::store::Store::settle).
    Settle,
    /// [`Store::deliveries`](crate::store::Store::deliveries).
    Deliveries,
    /// [`Store::delivery`](crate::store::Store::delivery).
    Delivery,
    /// [`Store::message`](crate::store::Store::message).
    Message,
    /// [`Store::redeliver`](crate::store::Store::redeliver).
    Redeliver,
    /// [`Store::discard`](crate::store::Store::discard).
    Discard,
    /// [`Store::replay`](crate::store::Store::replay).
    Replay,
    /// [`Store::erase_payload`](crate::store::Store::erase_payload).
    ErasePayload,
    /// [`Store::prune`](crate::store::Store::prune).
    Prune,
    /// [`Store::stats`](crate::store::Store::stats).
    Stats,
    /// [`Store::changed`](crate::store::Store::changed).
    Changed,
}

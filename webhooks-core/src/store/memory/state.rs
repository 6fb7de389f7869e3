//! Everything that a memory store holds, and the steps that its methods share.

use std::collections::{BTreeMap, BTreeSet, HashMap, btree_map};

use tokio::sync::watch;

use super::{
    MemoryLimits,
    idempotency::Keys,
    log::Log,
    nodes::Nodes,
    queue::Queue,
    row::{Entry, Standing},
};
use crate::{
    delivery::{DeliveryKey, DiscardReason, Seq},
    emitter::EmitterId,
    env::Timestamp,
    event::MessageId,
    store::Epoch,
};

/// Everything that a memory store holds.
pub(super) struct State {
    pub(super) limits: MemoryLimits,
    /// Of emitters that are attached, or detached with a lease that is still out.
    pub(super) queues: HashMap<EmitterId, Queue>,
    /// Every queue that wants an owner and has no lease is here; some that are here do not.
    pub(super) ready: BTreeSet<EmitterId>,
    pub(super) messages: BTreeMap<MessageId, Entry>,
    pub(super) log: Log,
    pub(super) nodes: Nodes,
    pub(super) keys: Keys,
    pub(super) version: u64,
    pub(super) last_generation: u64,
    pub(super) last_seq: Seq,
    pub(super) last_epoch: Epoch,
    pub(super) changes: watch::Sender<u64>,
}

impl State {
    pub(super) fn new(limits: MemoryLimits) -> Self {
        Self {
            limits,
            queues: HashMap::new(),
            ready: BTreeSet::new(),
            messages: BTreeMap::new(),
            log: Log::default(),
            nodes: Nodes::default(),
            keys: Keys::default(),
            version: 0,
            last_generation: 0,
            last_seq: 0,
            last_epoch: 0,
            changes: watch::Sender::new(0),
        }
    }

    /// The message of a delivery and where its row is.
    pub(super) fn find(&self, key: &DeliveryKey) -> Option<(&Entry, usize)> {
        let entry = self.messages.get(&key.message_id)?;
        let at = entry.position(&key.emitter)?;
        Some((entry, at))
    }

    /// Takes a pending delivery out of its queue.
    pub(super) fn discard_one(
        &mut self,
        key: &DeliveryKey,
        reason: DiscardReason,
        now: Timestamp,
    ) -> bool {
        let Some(entry) = self.messages.get_mut(&key.message_id) else {
            return false;
        };
        let Some(at) = entry.position(&key.emitter) else {
            return false;
        };
        if !entry.rows[at].is_pending() {
            return false;
        }
        if let Some(queue) = self.queues.get_mut(&key.emitter) {
            queue.pending.remove(&entry.rows[at].seq);
        }
        self.log.close(entry, at, Standing::Discarded(reason), now);
        true
    }

    /// Empties the queue of an emitter.
    pub(super) fn discard_all(
        &mut self,
        emitter: &EmitterId,
        reason: DiscardReason,
        now: Timestamp,
    ) {
        let Some(queue) = self.queues.get_mut(emitter) else {
            return;
        };
        for message in std::mem::take(&mut queue.pending).into_values() {
            let entry = self.messages.get_mut(&message);
            if let Some((entry, at)) =
                entry.and_then(|entry| entry.position(emitter).map(|at| (entry, at)))
            {
                self.log.close(entry, at, Standing::Discarded(reason), now);
            }
        }
        self.evict();
    }

    /// Forgets what settled first, until the log is within its bounds.
    pub(super) fn evict(&mut self) {
        while self.log.settled.len() > self.limits.settled || self.log.bytes > self.limits.log_bytes
        {
            if !self.forget_oldest() {
                return;
            }
        }
    }

    /// Forgets the delivery that settled first, and its message with the last of its deliveries.
    pub(super) fn forget_oldest(&mut self) -> bool {
        let Some((_, key)) = self.log.settled.pop_first() else {
            return false;
        };
        if let btree_map::Entry::Occupied(mut found) = self.messages.entry(key.message_id)
            && let Some(at) = found.get().position(&key.emitter)
        {
            self.log.forget(found.get_mut(), at);
            if found.get().rows.is_empty() {
                found.remove();
            }
        }
        true
    }

    /// Tells whoever waits that others have work or another table.
    pub(super) fn announce(&self) {
        self.changes.send_modify(|count| *count += 1);
    }
}

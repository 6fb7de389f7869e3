//! Everything that a model holds.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    delivery::{
        Attempt, DeadReason, DeliveryKey, DeliveryState, DiscardReason, Message, Progress, Seq,
    },
    emitter::{Emitter, EmitterId},
    env::Timestamp,
    event::{IdempotencyKey, MessageId, Tenant},
    store::{DeliveryRecord, Epoch, Health, NodeId, Reason, Receipt},
};

/// What a store holds, as plain maps; each method of [`Store`](crate::store::Store) is one here,
/// synchronous and done when it returns.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub(super) version: u64,
    pub(super) last_generation: u64,
    pub(super) last_epoch: Epoch,
    pub(super) last_seq: Seq,
    pub(super) changes: u64,
    pub(super) emitters: BTreeMap<EmitterId, Arc<Emitter>>,
    pub(super) health: BTreeMap<EmitterId, Health>,
    /// Of whom something was appended that their owner has not loaded.
    pub(super) marks: BTreeSet<EmitterId>,
    pub(super) leases: BTreeMap<EmitterId, (NodeId, Epoch)>,
    pub(super) nodes: BTreeMap<NodeId, Node>,
    /// Those that have a delivery.
    pub(super) messages: BTreeMap<MessageId, Arc<Message>>,
    pub(super) deliveries: BTreeMap<DeliveryKey, Delivery>,
    pub(super) keys: BTreeMap<(Option<Tenant>, IdempotencyKey), Known>,
    /// Every settling there ever was.
    pub(super) settled: Vec<(EmitterId, Timestamp, DeliveryState)>,
}

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) until: Timestamp,
    pub(super) dead: bool,
}

/// What an idempotency key stands for, and since when.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) at: Timestamp,
    pub(super) fingerprint: [u8; 32],
    pub(super) receipt: Receipt,
}

#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub(super) seq: Seq,
    pub(super) state: DeliveryState,
    pub(super) reason: Option<Reason>,
    pub(super) progress: Progress,
    pub(super) settled_at: Option<Timestamp>,
    /// In the order in which they were written down.
    pub(super) attempts: Vec<Arc<Attempt>>,
}

impl Delivery {
    /// One that is pending.
    pub(super) fn queued(seq: Seq, due: Timestamp) -> Self {
        Self {
            seq,
            state: DeliveryState::Pending,
            reason: None,
            progress: Progress::queued(due),
            settled_at: None,
            attempts: Vec::new(),
        }
    }

    pub(super) fn is_pending(&self) -> bool {
        self.state == DeliveryState::Pending
    }
}

impl Model {
    /// One that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How often something has changed that other nodes should look at: what
    /// [`changed`](crate::store::Store::changed) waits for.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    pub(super) fn is_active(&self, emitter: &EmitterId) -> bool {
        let found = self.emitters.get(emitter);
        found.is_some_and(|emitter| emitter.state.is_active())
    }

    pub(super) fn is_owner(&self, node: NodeId, emitter: &EmitterId, epoch: Epoch) -> bool {
        self.leases.get(emitter) == Some(&(node, epoch))
    }

    /// What is pending for an emitter, in order.
    pub(super) fn pending(&self, emitter: &EmitterId) -> BTreeMap<Seq, DeliveryKey> {
        self.deliveries
            .iter()
            .filter(|(key, delivery)| key.emitter == *emitter && delivery.is_pending())
            .map(|(key, delivery)| (delivery.seq, key.clone()))
            .collect()
    }

    pub(super) fn next_seq(&mut self) -> Seq {
        self.last_seq += 1;
        self.last_seq
    }

    /// Takes a delivery out of the queue, or out of where it was settled before.
    pub(super) fn close(
        &mut self,
        key: &DeliveryKey,
        state: DeliveryState,
        reason: Option<Reason>,
        now: Timestamp,
    ) {
        if let Some(delivery) = self.deliveries.get_mut(key) {
            delivery.state = state;
            delivery.reason = reason;
            delivery.settled_at = Some(now);
            self.settled.push((key.emitter.clone(), now, state));
        }
    }

    pub(super) fn discard_all(
        &mut self,
        keys: impl IntoIterator<Item = DeliveryKey>,
        reason: DiscardReason,
        now: Timestamp,
    ) {
        for key in keys {
            let reason = Some(Reason::Discarded(reason));
            self.close(&key, DeliveryState::Discarded, reason, now);
        }
    }

    pub(super) fn record(&self, key: &DeliveryKey) -> Option<DeliveryRecord> {
        let delivery = self.deliveries.get(key)?;
        let message = self.messages.get(&key.message_id)?;
        let last = delivery.attempts.last();
        Some(DeliveryRecord {
            key: key.clone(),
            seq: delivery.seq,
            event: message.event.clone(),
            delivery_id: message.delivery_id.clone(),
            tenant: message.tenant.clone(),
            ordering_key: message.ordering_key.clone(),
            state: delivery.state,
            reason: delivery.reason,
            attempt_count: u32::try_from(delivery.attempts.len()).unwrap_or(u32::MAX),
            created_at: message.created_at,
            next_attempt_at: delivery.is_pending().then_some(delivery.progress.due),
            settled_at: delivery.settled_at,
            last_status: last.and_then(|attempt| attempt.status()),
            last_error: last.and_then(|attempt| attempt.failure().cloned()),
        })
    }
}

/// What a settled state is called where it needs no other reason.
pub(super) fn dead(reason: DeadReason) -> Option<Reason> {
    Some(Reason::Dead(reason))
}

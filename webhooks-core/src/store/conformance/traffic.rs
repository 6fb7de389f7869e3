//! Shorthands for emitting, loading and settling.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{World, world::Owner};
use crate::{
    delivery::{
        Attempt, AttemptOutcome, DeadReason, DeliveryKey, DeliveryState, Message, Progress, Seq,
    },
    emitter::Emitter,
    env::Timestamp,
    event::{DeliveryId, EventName, MessageId},
    store::{
        Append, Appended, AppendedRow, DeliveryRecord, Epoch, Fate, Load, Loaded, NewDelivery,
        NewMessage, NodeId, PendingRow, Redeliver, RedeliverOutcome, Settle, SettleOutcome,
        Settlement, Verdict,
    },
};

/// A delivery that was appended.
#[derive(Clone)]
pub(in crate::store) struct Sent {
    pub(in crate::store) key: DeliveryKey,
    pub(in crate::store) seq: Seq,
    pub(in crate::store) fate: Fate,
}

impl World {
    pub(in crate::store) fn message(&self, event: &str) -> Message {
        let body = Bytes::from_static(br#"{"id":17}"#);
        Message {
            id: MessageId::generate(&self.env),
            event: EventName::new(event).expect("an event name"),
            size: body.len(),
            body: Some(body),
            delivery_id: DeliveryId::generate(&self.env),
            tenant: None,
            ordering_key: None,
            trace_parent: None,
            created_at: self.now(),
        }
    }

    pub(in crate::store) fn to(&self, emitter: &Emitter, epoch: Option<Epoch>) -> NewDelivery {
        NewDelivery {
            emitter: emitter.id.clone(),
            generation: emitter.generation,
            epoch,
            due: self.now(),
        }
    }

    pub(in crate::store) async fn append(
        &self,
        node: NodeId,
        messages: Vec<NewMessage>,
    ) -> Vec<Appended> {
        let now = self.now();
        let batch = Append {
            node,
            messages,
            now,
        };
        self.store.append(batch).await.expect("append")
    }

    /// Appends one message to one emitter.
    pub(in crate::store) async fn send(
        &self,
        node: NodeId,
        message: Message,
        to: NewDelivery,
    ) -> Sent {
        let key = DeliveryKey {
            message_id: message.id,
            emitter: to.emitter.clone(),
        };
        let appended = self.append(node, vec![new(message, vec![to])]).await;
        let [row] = rows(&appended[0])[..] else {
            panic!("one delivery has one row: {appended:?}");
        };
        let AppendedRow { seq, fate } = row;
        Sent { key, seq, fate }
    }

    /// The owner emits an event.
    pub(in crate::store) async fn emit(&self, owner: &Owner) -> Sent {
        let to = self.to(&owner.emitter, Some(owner.epoch));
        self.send(owner.node, self.message("order.created"), to)
            .await
    }

    /// A node that owns nothing emits an event.
    pub(in crate::store) async fn emit_elsewhere(&self, emitter: &Emitter) -> Sent {
        let (node, to) = (self.node().await, self.to(emitter, None));
        self.send(node, self.message("order.created"), to).await
    }

    pub(in crate::store) fn load_of(&self, owner: &Owner) -> Load {
        Load {
            node: owner.node,
            emitter: owner.emitter.id.clone(),
            epoch: owner.epoch,
            after: 0,
            lanes: 1,
            only: None,
            limit: 1_000,
            max_bytes: 1 << 20,
            now: self.now(),
        }
    }

    pub(in crate::store) async fn try_load(&self, load: Load) -> Loaded {
        let mut loaded = self.store.load(vec![load]).await.expect("load");
        assert_eq!(loaded.len(), 1, "one request has one answer");
        loaded.remove(0)
    }

    /// Everything that is pending, and whether there is more.
    pub(in crate::store) async fn load_some(&self, load: Load) -> (Vec<PendingRow>, bool) {
        match self.try_load(load).await {
            Loaded::Rows { rows, more } => (rows, more),
            Loaded::Marked => panic!("all was asked for, or there is no mark"),
            Loaded::NotOwner => panic!("the node is the owner"),
        }
    }

    pub(in crate::store) async fn load(&self, owner: &Owner) -> Vec<PendingRow> {
        self.load_some(self.load_of(owner)).await.0
    }

    /// The messages that are pending, in order.
    pub(in crate::store) async fn pending(&self, owner: &Owner) -> Vec<MessageId> {
        let rows = self.load(owner).await;
        rows.iter().map(|row| row.message.id).collect()
    }

    pub(in crate::store) fn attempt(&self, number: u32, status: u16) -> Attempt {
        Attempt {
            number,
            started_at: self.now(),
            duration: Duration::from_millis(12),
            outcome: AttemptOutcome::Status(status),
            url: "https://receiver.example/hooks".into(),
            remote_addr: None,
            response_headers: [("content-type", "text/plain")].into_iter().collect(),
            response_body: Bytes::from_static(b"oops"),
            response_truncated: false,
        }
    }

    pub(in crate::store) fn settlement(
        &self,
        owner: &Owner,
        sent: &Sent,
        number: u32,
        verdict: Verdict,
    ) -> Settlement {
        let status = if verdict == Verdict::Delivered {
            200
        } else {
            500
        };
        Settlement {
            key: sent.key.clone(),
            seq: sent.seq,
            epoch: owner.epoch,
            attempt: Arc::new(self.attempt(number, status)),
            verdict,
        }
    }

    pub(in crate::store) async fn settle(
        &self,
        node: NodeId,
        settlements: Vec<Settlement>,
    ) -> Vec<SettleOutcome> {
        let batch = Settle {
            node,
            settlements,
            health: Vec::new(),
            now: self.now(),
        };
        self.store.settle(batch).await.expect("settle")
    }

    /// Settles attempt `number`.
    pub(in crate::store) async fn end(
        &self,
        owner: &Owner,
        sent: &Sent,
        number: u32,
        verdict: Verdict,
    ) -> SettleOutcome {
        let settlement = self.settlement(owner, sent, number, verdict);
        self.settle(owner.node, vec![settlement]).await[0]
    }

    /// Emits an event that is dead after its first attempt.
    pub(in crate::store) async fn emit_dead(&self, owner: &Owner) -> Sent {
        let sent = self.emit(owner).await;
        let verdict = Verdict::Dead(DeadReason::MaxAttempts);
        let outcome = self.end(owner, &sent, 1, verdict).await;
        assert_eq!(outcome, SettleOutcome::Settled);
        sent
    }

    pub(in crate::store) async fn redeliver(&self, key: &DeliveryKey) -> RedeliverOutcome {
        let redeliver = Redeliver {
            key: key.clone(),
            fresh: None,
            due: self.now(),
            now: self.now(),
        };
        self.store.redeliver(redeliver).await.expect("redeliver")
    }

    pub(in crate::store) async fn record(&self, key: &DeliveryKey) -> DeliveryRecord {
        let found = self.store.delivery(key.clone()).await.expect("delivery");
        found.expect("the delivery is there").record
    }

    pub(in crate::store) async fn state(&self, key: &DeliveryKey) -> DeliveryState {
        self.record(key).await.state
    }
}

pub(in crate::store) fn new(message: Message, deliveries: Vec<NewDelivery>) -> NewMessage {
    NewMessage {
        message: Arc::new(message),
        idempotency: None,
        deliveries,
    }
}

/// The rows of a message that must be stored.
pub(in crate::store) fn rows(appended: &Appended) -> &[AppendedRow] {
    match appended {
        Appended::Stored(stored) => &stored.rows,
        other => panic!("the message is stored: {other:?}"),
    }
}

/// As a failed attempt `number` leaves it.
pub(in crate::store) fn retry_at(
    number: u32,
    first_attempt_at: Timestamp,
    due: Timestamp,
) -> Verdict {
    Verdict::Retry(Progress {
        attempts: number,
        attempts_since_queued: number,
        first_attempt_at: Some(first_attempt_at),
        due,
    })
}

//! A store with a clock and shorthands for what the cases do all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;

use super::StoreFactory;
use crate::{
    delivery::{
        Attempt, AttemptOutcome, DeadReason, DeliveryKey, DeliveryState, Message, Progress, Seq,
    },
    emitter::{Emitter, EmitterConfig, EmitterId},
    env::{Env, SystemRandom, Timestamp},
    event::{DeliveryId, EventName, EventPattern, MessageId},
    store::{
        Append, Appended, AppendedRow, DeliveryRecord, Epoch, Fate, Lease, LeaseRequest, Load,
        Loaded, NewDelivery, NewMessage, NodeId, PendingRow, Put, PutEmitter, PutOutcome,
        Redeliver, RedeliverOutcome, Renewal, SetState, Settle, SettleOutcome, Settlement,
        StateChange, StateOutcome, Store, Verdict,
    },
};

/// 2026-01-31T12:00:00Z.
const START: i64 = 1_769_860_800_000_000;

/// A store with a clock and shorthands for what the cases do all the time.
pub struct World {
    pub(in crate::store) store: Arc<dyn Store>,
    pub(in crate::store) env: Env,
    factory: Arc<dyn StoreFactory>,
    clock: Arc<AtomicI64>,
}

/// A node that owns an emitter.
pub(in crate::store) struct Owner {
    pub(in crate::store) node: NodeId,
    pub(in crate::store) emitter: Arc<Emitter>,
    pub(in crate::store) epoch: Epoch,
}

/// A delivery that was appended.
#[derive(Clone)]
pub(in crate::store) struct Sent {
    pub(in crate::store) key: DeliveryKey,
    pub(in crate::store) seq: Seq,
    pub(in crate::store) fate: Fate,
}

impl World {
    /// With a fresh store.
    pub async fn new(factory: impl StoreFactory) -> Self {
        Self::shared(Arc::new(factory)).await
    }

    pub(in crate::store) async fn shared(factory: Arc<dyn StoreFactory>) -> Self {
        let clock = Arc::new(AtomicI64::new(START));
        let of_env = clock.clone();
        let now = move || Timestamp::from_micros(of_env.load(Ordering::Relaxed));
        Self {
            store: factory.fresh().await,
            env: Env::new(now, SystemRandom),
            factory,
            clock,
        }
    }

    pub(in crate::store) fn now(&self) -> Timestamp {
        self.env.now()
    }

    pub(in crate::store) fn pass(&self, time: Duration) {
        let micros = i64::try_from(time.as_micros()).expect("cases wait for days at most");
        self.clock.fetch_add(micros, Ordering::Relaxed);
    }

    /// Lets every node's time run out.
    pub(in crate::store) async fn lapse(&self) {
        self.pass(Duration::from_secs(13));
        self.factory.lapse(&self.store).await;
    }

    pub(in crate::store) fn emitter(&self, id: &str) -> Emitter {
        self.emitter_at(id, "https://receiver.example/hooks")
    }

    pub(in crate::store) fn emitter_at(&self, id: &str, url: &str) -> Emitter {
        let config = EmitterConfig::new(url).expect("a URL");
        let pattern = EventPattern::new("*").expect("a pattern");
        Emitter::new(emitter_id(id), [pattern].into(), config, &self.env)
    }

    pub(in crate::store) async fn put(&self, emitter: Emitter, put: Put) -> PutOutcome {
        let now = self.now();
        let put = PutEmitter { emitter, put, now };
        self.store.put_emitter(put).await.expect("put_emitter")
    }

    pub(in crate::store) async fn attach(&self, id: &str) -> Arc<Emitter> {
        match self.put(self.emitter(id), Put::Attach).await {
            PutOutcome::Created(emitter) => emitter,
            other => panic!("`{id}` is not attached yet: {other:?}"),
        }
    }

    pub(in crate::store) async fn detach(&self, id: &str) -> bool {
        let removed = self.store.remove_emitter(emitter_id(id), self.now());
        removed.await.expect("remove_emitter")
    }

    pub(in crate::store) async fn change(&self, id: &str, change: StateChange) -> StateOutcome {
        let change = SetState {
            emitter: emitter_id(id),
            change,
            now: self.now(),
        };
        self.store.set_state(change).await.expect("set_state")
    }

    /// The emitter after a change that must be one.
    pub(in crate::store) async fn changed(&self, id: &str, change: StateChange) -> Arc<Emitter> {
        match self.change(id, change).await {
            StateOutcome::Changed(emitter) => emitter,
            other => panic!("{change:?} changes `{id}`: {other:?}"),
        }
    }

    /// A new node, alive.
    pub(in crate::store) async fn node(&self) -> NodeId {
        let node = NodeId::generate(&self.env);
        let renewal = self.renew(node).await;
        assert!(matches!(renewal, Renewal::Alive { .. }), "{renewal:?}");
        node
    }

    pub(in crate::store) async fn renew(&self, node: NodeId) -> Renewal {
        self.store.renew(node, self.now()).await.expect("renew")
    }

    pub(in crate::store) async fn lease(
        &self,
        node: NodeId,
        emitters: Option<Vec<EmitterId>>,
        limit: usize,
    ) -> Vec<Lease> {
        let request = LeaseRequest {
            node,
            emitters,
            limit,
            now: self.now(),
        };
        self.store.lease(request).await.expect("lease")
    }

    /// Leases one emitter, which must work.
    pub(in crate::store) async fn own(&self, node: NodeId, emitter: &Arc<Emitter>) -> Owner {
        let leases = self.lease(node, Some(vec![emitter.id.clone()]), 1).await;
        let [lease] = leases.as_slice() else {
            panic!("`{}` can be leased: {leases:?}", emitter.id);
        };
        Owner {
            node,
            emitter: emitter.clone(),
            epoch: lease.epoch,
        }
    }

    /// A new emitter that a new node owns.
    pub(in crate::store) async fn owned(&self, id: &str) -> Owner {
        let emitter = self.attach(id).await;
        self.own(self.node().await, &emitter).await
    }

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
            response_headers: vec![("content-type".into(), "text/plain".into())],
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
            attempt: self.attempt(number, status),
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

pub(in crate::store) fn emitter_id(id: &str) -> EmitterId {
    EmitterId::new(id).expect("an emitter ID")
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

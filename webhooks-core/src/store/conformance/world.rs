//! A store with a clock and shorthands for what the cases do all the time.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use super::StoreFactory;
use crate::{
    emitter::{Emitter, EmitterConfig, EmitterId},
    env::{Env, SystemRandom, Timestamp},
    event::EventPattern,
    store::{
        Epoch, Lease, LeaseRequest, NodeId, Put, PutEmitter, PutOutcome, Renewal, SetState,
        StateChange, StateOutcome, Store,
    },
};

/// 2026-01-31T12:00:00Z.
const START: i64 = 1_769_860_800_000_000;

/// A store with a clock and shorthands for what the cases do all the time.
pub struct World {
    pub(in crate::store) store: Arc<dyn Store>,
    pub(in crate::store) env: Env,
    pub(in crate::store) factory: Arc<dyn StoreFactory>,
    clock: Arc<AtomicI64>,
}

/// A node that owns an emitter.
pub(in crate::store) struct Owner {
    pub(in crate::store) node: NodeId,
    pub(in crate::store) emitter: Arc<Emitter>,
    pub(in crate::store) epoch: Epoch,
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
            recount: false,
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
}

pub(in crate::store) fn emitter_id(id: &str) -> EmitterId {
    EmitterId::new(id).expect("an emitter ID")
}

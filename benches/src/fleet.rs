//! What only a database that many share is asked.

use std::time::{Duration, Instant};

use sqlx::Connection as _;
use tokio::{task::JoinSet, time::sleep};
use webhooks_core::{
    EmitterConfig, Event, Webhooks,
    env::{Env, Timestamp},
    store::{LeaseRequest, Load, NodeId, PostgresStore, Store as _},
};

use crate::{
    Failed,
    cpu::{Measured, Run},
    engine::{Shape, attach, builder, emit, payload},
    latency::Latencies,
    sink::Sink,
    stores::Place,
};

/// Between two events that must not meet.
const BREATH: Duration = Duration::from_millis(5);

async fn node(place: &Place) -> Result<Webhooks, Failed> {
    let store = place.postgres().await?;
    Ok(builder().store(store).build().await?)
}

/// One that has at most so many requests in flight.
async fn narrow(place: &Place, in_flight: usize) -> Result<Webhooks, Failed> {
    let store = place.postgres().await?;
    let builder = builder().store(store).in_flight(in_flight);
    Ok(builder.build().await?)
}

/// Delivers some: the node owns the emitter then, and connections are there.
async fn warm_up(node: &Webhooks, sink: &Sink) -> Result<(), Failed> {
    let last = sink.expect(64);
    emit(node, 1, 64).await?;
    last.arrival().await?;
    Ok(())
}

/// From `emit` on one node to the receiver, while another owns the emitter.
pub(crate) async fn elsewhere(sink: &Sink) -> Result<Latencies, Failed> {
    let place = Place::new()?;
    let owner = node(&place).await?;
    attach(&owner, sink, Shape::Emitters(1)).await?;
    warm_up(&owner, sink).await?;
    let other = node(&place).await?;
    let payload = payload()?;
    let mut latencies = Latencies::default();
    for _ in 0..Latencies::COUNT {
        let (start, last) = (Instant::now(), sink.expect(1));
        other.emit_with(Event::new("a", payload.clone())?).await?;
        latencies.add(start, last.arrival().await?);
        sleep(BREATH).await;
    }
    other.shutdown(Duration::from_secs(5)).await?;
    owner.shutdown(Duration::from_secs(5)).await?;
    Ok(latencies)
}

/// From the commit of the application's transaction to the receiver.
pub(crate) async fn committed(sink: &Sink) -> Result<Latencies, Failed> {
    let place = Place::new()?;
    let webhooks = node(&place).await?;
    attach(&webhooks, sink, Shape::Emitters(1)).await?;
    warm_up(&webhooks, sink).await?;
    let mut application = place.connection().await?;
    let payload = payload()?;
    let mut latencies = Latencies::default();
    for _ in 0..Latencies::COUNT {
        let mut transaction = application.begin().await?;
        let event = Event::new("a", payload.clone())?;
        webhooks.emit_in(&mut transaction, event).await?;
        let last = sink.expect(1);
        transaction.commit().await?;
        let start = Instant::now();
        latencies.add(start, last.arrival().await?);
        sleep(BREATH).await;
    }
    webhooks.shutdown(Duration::from_secs(5)).await?;
    Ok(latencies)
}

/// As many deliveries to 100 emitters, of which each of so many nodes owns its part; each emits to all of
/// them, while they go out.
pub(crate) async fn rate(
    sink: &Sink,
    nodes: usize,
    in_flight: usize,
    deliveries: usize,
) -> Result<Measured, Failed> {
    const EMITTERS: usize = 100;
    const CALLERS: usize = 20;
    let place = Place::new()?;
    let mut fleet = Vec::new();
    for _ in 0..nodes {
        fleet.push(narrow(&place, in_flight).await?);
    }
    let of_node = |node: usize| format!("node.{node}");
    for n in 0..EMITTERS {
        let config = EmitterConfig::new(sink.url())?;
        let events = ["a".to_owned(), of_node(n % nodes)];
        fleet[0].attach(format!("e{n}"), events, config).await?;
    }
    // The others hear of the emitters before they emit.
    for node in &fleet[1..] {
        while node.emitters().len() < EMITTERS {
            sleep(BREATH).await;
        }
    }
    for (at, node) in fleet.iter().enumerate() {
        let last = sink.expect(EMITTERS / nodes);
        node.emit(of_node(at), payload()?).await?;
        last.arrival().await?;
    }
    let events = deliveries / EMITTERS / nodes;
    for round in [events / 2, events] {
        let last = sink.expect(round * nodes * EMITTERS);
        let run = Run::start()?;
        let mut emitting = JoinSet::new();
        for node in &fleet {
            let node = node.clone();
            emitting.spawn(async move { emit(&node, CALLERS / nodes, round).await });
        }
        while let Some(done) = emitting.join_next().await {
            done??;
        }
        let arrived = last.arrival().await?;
        // The first round fills the caches.
        if round == events {
            let measured = run.end(events * nodes * EMITTERS, arrived)?;
            for node in &fleet {
                node.shutdown(Duration::from_secs(5)).await?;
            }
            return Ok(measured);
        }
    }
    Err("no round".into())
}

/// What many leases cost.
pub(crate) struct Leases {
    /// Milliseconds for each thousand that is taken.
    pub(crate) taken: f64,
    /// Milliseconds of each second that goes by while they are kept: a renewal and a sweep.
    pub(crate) kept: f64,
}

/// Takes and keeps the leases of so many emitters that all have something pending.
pub(crate) async fn leases(sink: &Sink, emitters: usize) -> Result<Leases, Failed> {
    const BATCH: usize = 1_000;
    const SECONDS: u32 = 20;
    let place = Place::new()?;
    let webhooks = builder().store(place.postgres().await?);
    let webhooks = webhooks.deliver(false).build().await?;
    attach(&webhooks, sink, Shape::Emitters(emitters)).await?;
    emit(&webhooks, 1, 1).await?;
    let (store, env) = (place.postgres().await?, Env::system());
    let node = NodeId::from_uuid(env.uuid_v4());
    let start = Instant::now();
    let mut owned = 0;
    while owned < emitters {
        owned += pass(&store, node, env.now(), BATCH).await?;
    }
    let taken = start.elapsed().as_secs_f64() * 1e6 / emitters as f64;
    let start = Instant::now();
    for _ in 0..SECONDS {
        pass(&store, node, env.now(), BATCH).await?;
    }
    let kept = start.elapsed().as_secs_f64() * 1e3 / f64::from(SECONDS);
    Ok(Leases { taken, kept })
}

/// What a node does each second; returns how many emitters it was told to look at.
async fn pass(
    store: &PostgresStore,
    node: NodeId,
    now: Timestamp,
    limit: usize,
) -> Result<usize, Failed> {
    store.renew(node, now).await?;
    let request = LeaseRequest {
        node,
        emitters: None,
        recount: false,
        limit,
        now,
    };
    let leases = store.lease(request).await?;
    // As a load does: what is read is not brought again.
    let loads = leases.iter().map(|lease| Load {
        node,
        emitter: lease.emitter.clone(),
        epoch: lease.epoch,
        after: 0,
        lanes: 1,
        only: None,
        limit: 1,
        max_bytes: 1 << 20,
        now,
    });
    store.load(loads.collect()).await?;
    Ok(leases.len())
}

//! What only a store on a disk is asked: enqueueing alone, backlogs, statistics, memory.

use std::time::{Duration, Instant};

use webhooks_core::{Backlog, env::Timestamp};

use crate::{
    Failed,
    cpu::{Measured, Run},
    engine::{Shape, attach, builder, emit},
    idle::resident,
    median,
    sink::Sink,
    stores::{Kind, Place},
};

/// Events per second that so many callers enqueue, while nothing is delivered.
pub(crate) async fn enqueue(
    sink: &Sink,
    kind: Kind,
    callers: usize,
    events: usize,
) -> Result<f64, Failed> {
    let place = Place::new()?;
    let webhooks = kind.give(builder(), &place).await?;
    let webhooks = webhooks.deliver(false).build().await?;
    attach(&webhooks, sink, Shape::Lanes(64)).await?;
    // Fills the write-ahead log once, as it is in a service that has run for a while.
    emit(&webhooks, 64, 16_384).await?;
    let start = Instant::now();
    emit(&webhooks, callers, events).await?;
    Ok(events as f64 / start.elapsed().as_secs_f64())
}

/// What a backlog of so many deliveries told.
pub(crate) struct Drained {
    pub(crate) measured: Measured,
    /// Milliseconds that statistics took while all was pending.
    pub(crate) stats: f64,
    /// By how many bytes the process had grown once all was delivered.
    pub(crate) grown: usize,
    /// Per second that a replay of all of it queued.
    pub(crate) replayed: f64,
    /// By how many bytes the process had grown by the replay.
    pub(crate) grown_by_replay: usize,
}

/// Delivers a backlog, once it has been emitted while the emitter was paused.
pub(crate) async fn drain(sink: &Sink, kind: Kind, backlog: usize) -> Result<Drained, Failed> {
    let place = Place::new()?;
    let webhooks = kind.give(builder(), &place).await?.build().await?;
    attach(&webhooks, sink, Shape::Lanes(64)).await?;
    webhooks.pause("e0", Backlog::Keep).await?;
    emit(&webhooks, 64, backlog).await?;
    let mut stats = Vec::new();
    for _ in 0..5 {
        let start = Instant::now();
        assert_eq!(webhooks.stats().await?.all.pending, backlog as u64);
        stats.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let before = resident()?;
    let (run, last) = (Run::start()?, sink.expect(backlog));
    webhooks.restart("e0").await?;
    let measured = run.end(backlog, last.arrival().await?)?;
    let grown = resident()?.saturating_sub(before);
    // The last outcomes are written down a little later, and only what has settled is replayed.
    while webhooks.stats().await?.all.pending > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    webhooks.pause("e0", Backlog::Keep).await?;
    let (before, start) = (resident()?, Instant::now());
    let all = Timestamp::from_micros(0);
    let count = webhooks
        .replay("e0".try_into()?, all, None, Vec::new(), false)
        .await?;
    assert_eq!(count, backlog as u64);
    let replayed = count as f64 / start.elapsed().as_secs_f64();
    let grown_by_replay = resident()?.saturating_sub(before);
    webhooks.shutdown(Duration::from_secs(5)).await?;
    Ok(Drained {
        measured,
        stats: median(stats),
        grown,
        replayed,
        grown_by_replay,
    })
}

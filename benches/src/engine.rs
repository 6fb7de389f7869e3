//! The same requests through the engine.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use webhooks_core::{EmitterConfig, Event, Payload, Webhooks, WebhooksBuilder};

use crate::{
    BYTES, Failed,
    cpu::{Measured, Run},
    latency::Latencies,
    sink::Sink,
    stores::{Kind, Place},
};

/// How deliveries spread.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// Each event goes to so many emitters, of one strict lane each.
    Emitters(usize),
    /// Each event goes to one emitter, which has so many lanes.
    Lanes(u32),
}

/// What is delivered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) shape: Shape,
    /// So many emit, each one event after the other's receipt.
    pub(crate) callers: usize,
    pub(crate) deliveries: usize,
}

pub(crate) fn builder() -> WebhooksBuilder {
    Webhooks::builder()
        .allow_http()
        .allow_network(IpAddr::from([127, 0, 0, 1]))
}

pub(crate) async fn attach(webhooks: &Webhooks, sink: &Sink, shape: Shape) -> Result<(), Failed> {
    let (emitters, lanes) = match shape {
        Shape::Emitters(emitters) => (emitters, 1),
        Shape::Lanes(lanes) => (1, lanes),
    };
    for n in 0..emitters {
        let config = EmitterConfig::new(sink.url())?.lanes(lanes);
        webhooks.attach(format!("e{n}"), ["a"], config).await?;
    }
    Ok(())
}

pub(crate) fn payload() -> Result<Payload, Failed> {
    Ok(Payload::from_json(format!(
        r#"{{"x":"{}"}}"#,
        "y".repeat(BYTES - 8)
    ))?)
}

/// Emits so many events, from so many callers.
pub(crate) async fn emit(webhooks: &Webhooks, callers: usize, events: usize) -> Result<(), Failed> {
    let payload = payload()?;
    let mut emitting = JoinSet::new();
    for _ in 0..callers {
        let (webhooks, payload) = (webhooks.clone(), payload.clone());
        emitting.spawn(async move {
            for _ in 0..events / callers {
                webhooks.emit("a", payload.clone()).await?;
                tokio::task::yield_now().await;
            }
            Ok::<(), webhooks_core::Error>(())
        });
    }
    while let Some(done) = emitting.join_next().await {
        done??;
    }
    Ok(())
}

/// Delivers so many first: connections are there then, and the write-ahead log has been filled once.
/// Until that each commit makes the file longer, which takes several times as long as in a service that
/// has run for a while.
async fn warm_up(webhooks: &Webhooks, sink: &Sink, shape: Shape) -> Result<(), Failed> {
    const DELIVERIES: usize = 8_192;
    let events = match shape {
        Shape::Emitters(emitters) => DELIVERIES / emitters,
        Shape::Lanes(_) => DELIVERIES,
    };
    let callers = 64.min(events);
    let each = match shape {
        Shape::Emitters(emitters) => emitters,
        Shape::Lanes(_) => 1,
    };
    let last = sink.expect(events / callers * callers * each);
    emit(webhooks, callers, events).await?;
    last.arrival().await?;
    Ok(())
}

/// As many deliveries, emitted while they go out.
pub(crate) async fn rate(sink: &Sink, kind: Kind, load: Load) -> Result<Measured, Failed> {
    let Load {
        shape,
        callers,
        deliveries,
    } = load;
    let place = Place::new()?;
    let webhooks = kind.give(builder(), &place).await?.build().await?;
    attach(&webhooks, sink, shape).await?;
    let events = match shape {
        Shape::Emitters(emitters) => deliveries / emitters,
        Shape::Lanes(_) => deliveries,
    };
    warm_up(&webhooks, sink, shape).await?;
    let (run, last) = (Run::start()?, sink.expect(deliveries));
    emit(&webhooks, callers, events).await?;
    let measured = run.end(deliveries, last.arrival().await?)?;
    webhooks.shutdown(Duration::from_secs(5)).await?;
    Ok(measured)
}

/// From `emit` to the receiver's handler, one event at a time.
pub(crate) async fn latency(sink: &Sink, kind: Kind) -> Result<Latencies, Failed> {
    let place = Place::new()?;
    let webhooks = kind.give(builder(), &place).await?.build().await?;
    attach(&webhooks, sink, Shape::Emitters(1)).await?;
    warm_up(&webhooks, sink, Shape::Emitters(1)).await?;
    let payload = payload()?;
    let mut latencies = Latencies::default();
    for _ in 0..Latencies::COUNT {
        let (start, last) = (Instant::now(), sink.expect(1));
        webhooks
            .emit_with(Event::new("a", payload.clone())?)
            .await?;
        latencies.add(start, last.arrival().await?);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    webhooks.shutdown(Duration::from_secs(5)).await?;
    Ok(latencies)
}

//! The same requests through the engine.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use webhooks_core::{EmitterConfig, Event, Payload, Webhooks};

use crate::{
    BYTES, Failed,
    cpu::{Measured, Run},
    latency::Latencies,
    sink::Sink,
};

async fn webhooks(sink: &Sink, emitters: usize) -> Result<Webhooks, Failed> {
    let webhooks = Webhooks::builder()
        .allow_http()
        .allow_network(IpAddr::from([127, 0, 0, 1]))
        .build()
        .await?;
    for n in 0..emitters {
        webhooks
            .attach(format!("e{n}"), ["a"], EmitterConfig::new(sink.url())?)
            .await?;
    }
    Ok(webhooks)
}

fn payload() -> Result<Payload, Failed> {
    Ok(Payload::from_json(format!(
        r#"{{"x":"{}"}}"#,
        "y".repeat(BYTES - 8)
    ))?)
}

/// As many deliveries, from as many emitters.
pub(crate) async fn rate(
    sink: &Sink,
    emitters: usize,
    deliveries: usize,
) -> Result<Measured, Failed> {
    let webhooks = webhooks(sink, emitters).await?;
    let payload = payload()?;
    let sent = deliveries / emitters * emitters;
    let (run, last) = (Run::start()?, sink.expect(sent));
    let emitting = webhooks.clone();
    tokio::spawn(async move {
        for _ in 0..deliveries / emitters {
            emitting.emit("a", payload.clone()).await?;
            tokio::task::yield_now().await;
        }
        Ok::<(), webhooks_core::Error>(())
    })
    .await??;
    let measured = run.end(sent, last.arrival().await?)?;
    webhooks.shutdown(Duration::from_secs(5)).await?;
    Ok(measured)
}

/// From `emit` to the receiver's handler, one event at a time.
pub(crate) async fn latency(sink: &Sink) -> Result<Latencies, Failed> {
    let webhooks = webhooks(sink, 1).await?;
    let payload = payload()?;
    let mut latencies = Latencies::default();
    for _ in 0..Latencies::COUNT {
        let (start, last) = (Instant::now(), sink.expect(1));
        webhooks
            .emit_with(Event::new("a", payload.clone())?)
            .await?;
        latencies.add(start, last.arrival().await?);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    webhooks.shutdown(Duration::from_secs(5)).await?;
    Ok(latencies)
}

//! What `emit` costs where nobody listens.

use std::time::Instant;

use webhooks_core::{EmitterConfig, Payload, Webhooks};

use crate::Failed;

const EVENTS: u32 = 200_000;

/// Microseconds per event, with so many emitters that listen to other names.
pub(crate) async fn unheard(emitters: usize) -> Result<f64, Failed> {
    let webhooks = Webhooks::builder().build().await?;
    for n in 0..emitters {
        let config = EmitterConfig::new("https://receiver.example/hooks")?;
        webhooks
            .attach(format!("e{n}"), [format!("other.{n}")], config)
            .await?;
    }
    let payload = Payload::from_json("{}")?;
    let start = Instant::now();
    for _ in 0..EVENTS {
        webhooks.emit("order.created", payload.clone()).await?;
    }
    Ok(start.elapsed().as_secs_f64() * 1e6 / f64::from(EVENTS))
}

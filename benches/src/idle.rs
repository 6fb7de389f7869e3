//! What an emitter without work takes.

use webhooks_core::{EmitterConfig, Webhooks};

use crate::Failed;

/// The resident bytes of this process (`/proc/self/statm`, pages of 4 KiB).
pub(crate) fn resident() -> Result<usize, Failed> {
    let pages = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = pages
        .split(' ')
        .nth(1)
        .ok_or("no resident pages")?
        .parse()?;
    Ok(pages * 4_096)
}

/// Bytes for each of so many emitters: a 60-byte URL, one exact pattern, a generated secret.
pub(crate) async fn bytes_per_emitter(emitters: usize) -> Result<usize, Failed> {
    let webhooks = Webhooks::builder().build().await?;
    let before = resident()?;
    for n in 0..emitters {
        let url = format!("https://receiver-{n:08}.example/hooks/of/this/very/emitter/x");
        webhooks
            .attach(format!("e{n}"), ["order.created"], EmitterConfig::new(url)?)
            .await?;
    }
    let grown = resident()?.saturating_sub(before);
    drop(webhooks);
    Ok(grown / emitters)
}

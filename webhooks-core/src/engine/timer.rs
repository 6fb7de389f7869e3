//! One timer for all that waits.

use std::{future, sync::Arc};

use tokio::time::{Instant, sleep_until};

use super::core::Engine;

pub(super) async fn run(engine: Arc<Engine>) {
    loop {
        let next = engine.scheduler().next_timer();
        tokio::select! {
            biased;
            () = engine.timer_changed.notified() => {}
            () = at(next) => engine.schedule(|scheduler| scheduler.fire(Instant::now())),
        }
    }
}

async fn at(next: Option<Instant>) {
    match next {
        Some(at) => sleep_until(at).await,
        None => future::pending().await,
    }
}

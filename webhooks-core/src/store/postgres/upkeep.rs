//! What every process does for all, a little each second.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{ops, runner::Again, runner::Runner, tally, tx::Context};
use crate::observe;

const EVERY: Duration = Duration::from_secs(1);

/// Adds up what was counted, goes on with what is being discarded, and drops what dead nodes own.
pub(super) async fn run(cx: Arc<Context>, runner: Arc<Runner>) {
    loop {
        sleep(EVERY).await;
        let of_work = cx.clone();
        let done = runner.run(Again::Yes, move |connection| {
            let cx = of_work.clone();
            Box::pin(async move {
                tally::fold(connection, &cx).await?;
                ops::go_on_discarding(connection, &cx, None).await?;
                ops::bury(connection, &cx).await?;
                Ok(())
            })
        });
        if let Err(unanswered) = done.await {
            tracing::debug!(target: observe::STORE, error = %unanswered.error, "what is to be added up, discarded and dropped has to wait");
        }
    }
}

//! All cases in one go.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::{FactoryFuture, StoreFactory, World};

pub(super) struct Case {
    pub(super) name: &'static str,
    pub(super) run: fn(World) -> FactoryFuture<'static, ()>,
}

/// Runs every case, each with a fresh store.
///
/// # Panics
/// If a case fails, once all have run; the message names those that did. What was wrong has been
/// printed by then.
pub async fn run(factory: impl StoreFactory) {
    let factory: Arc<dyn StoreFactory> = Arc::new(factory);
    let cases = super::macros::cases();
    let mut failed = Vec::new();
    for case in &cases {
        let world = World::shared(factory.clone()).await;
        let mut task = JoinSet::new();
        task.spawn((case.run)(world));
        while let Some(ended) = task.join_next().await {
            if ended.is_err() {
                failed.push(case.name);
            }
        }
    }
    assert!(
        failed.is_empty(),
        "{} of {} cases failed: {}",
        failed.len(),
        cases.len(),
        failed.join(", ")
    );
}

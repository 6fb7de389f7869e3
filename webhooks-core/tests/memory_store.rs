//! The memory store passes the suite as any store outside this crate would run it.
#![cfg(feature = "conformance")]

use std::sync::Arc;

use webhooks_core::store::{MemoryStore, Store, conformance};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_memory_store_passes_every_case() {
    conformance::run(|| async { Arc::new(MemoryStore::new()) as Arc<dyn Store> }).await;
}

//! A store around another that fails on demand passes the suite while nothing is demanded.
#![cfg(feature = "conformance")]

use std::sync::Arc;

use webhooks_core::store::{
    MemoryStore, Store,
    conformance::{self, FaultStore},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_store_passes_every_case() {
    conformance::run(|| async { Arc::new(FaultStore::new(MemoryStore::new())) as Arc<dyn Store> })
        .await;
}

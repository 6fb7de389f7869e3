//! The model that stores are compared with passes the suite itself.
#![cfg(feature = "conformance")]

use std::sync::Arc;

use webhooks_core::store::{Store, conformance::ModelStore};

async fn empty() -> Arc<dyn Store> {
    Arc::new(ModelStore::new())
}

webhooks_core::conformance_tests!(empty);

//! The suite, and what is SQLite's alone.

use std::sync::Arc;

use super::*;
use crate::store::Store;

async fn fresh() -> Arc<dyn Store> {
    let directory = tempfile::tempdir().unwrap().keep();
    Arc::new(
        SqliteStore::open(directory.join("webhooks.db"))
            .await
            .unwrap(),
    )
}

mod suite {
    use super::fresh;

    crate::conformance_tests!(fresh);
}

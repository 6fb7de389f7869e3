//! The suite.

use std::sync::Arc;

use super::*;
use crate::store::{Store, sqlite::SqliteOptions};

async fn fresh() -> Arc<dyn Store> {
    let directory = tempfile::tempdir().unwrap().keep();
    let options = SqliteOptions::new(directory.join("webhooks.db"));
    Arc::new(InlineSqlite::open(options, Synchronous::Off).unwrap())
}

mod suite {
    use super::fresh;

    crate::conformance_tests!(fresh);
}

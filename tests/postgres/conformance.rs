//! The suite that every store passes.

use std::sync::{Arc, Mutex};

use sqlx::Executor as _;
use webhooks_core::{
    env::Env,
    store::{
        MemoryStore, SecretsKey, Store,
        conformance::{self, FactoryFuture, StoreFactory},
        postgres::PostgresOptions,
    },
};
use webhooks_tests::postgres::{Schema, schema};

/// Makes stores, each in a schema of its own.
#[derive(Default)]
struct Factory {
    /// As behind a pooler that hands out another connection for each transaction.
    pooled: bool,
    schemas: Mutex<Vec<Arc<Schema>>>,
}

impl StoreFactory for Factory {
    fn fresh(&self) -> FactoryFuture<'_, Arc<dyn Store>> {
        Box::pin(async {
            let Some(schema) = schema().await else {
                // It has been said that this is skipped.
                return Arc::new(MemoryStore::new()) as Arc<dyn Store>;
            };
            let key = SecretsKey::generate(&Env::system());
            let options = PostgresOptions::new(schema.url(), key).unwrap();
            let options = options.schema(schema.name()).unwrap();
            let store = options.transaction_pooling(self.pooled).connect().await;
            self.schemas.lock().unwrap().push(Arc::new(schema));
            Arc::new(store.unwrap())
        })
    }

    fn lapse<'a>(&'a self, _store: &'a Arc<dyn Store>) -> FactoryFuture<'a, ()> {
        Box::pin(async {
            let schemas = self.schemas.lock().unwrap().clone();
            for schema in schemas {
                let mut connection = schema.connect().await;
                let lapse =
                    "UPDATE nodes SET lease_until = clock_timestamp() - interval '1 second'";
                connection.execute(lapse).await.unwrap();
            }
        })
    }
}

webhooks_core::conformance_tests!(Factory::default());

/// All of it with nothing prepared, and a transaction around each statement.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_holds_with_pooled_transactions_too() {
    let pooled = Factory {
        pooled: true,
        ..Factory::default()
    };
    conformance::run(pooled).await;
}

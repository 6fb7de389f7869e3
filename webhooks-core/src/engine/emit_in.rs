//! Emitting inside a transaction of the application's.
//!
//! What is stored there is not known to be there before the commit, and nobody tells when that is: the
//! mark that the append leaves brings it to work, on whichever node owns the emitter.

#[cfg(feature = "sqlite")]
use rusqlite::Connection;

use super::{core::Engine, emit::mismatch, outgoing::Outgoing};
#[cfg(any(test, feature = "conformance"))]
use crate::store::conformance::ModelTransaction;
#[cfg(feature = "postgres")]
use crate::store::postgres::sqlx::PgConnection;
#[cfg(feature = "sqlite")]
use crate::store::sqlite::{require_transaction, rusqlite};
use crate::{
    Error, ErrorKind,
    event::Event,
    store::{Append, Appended, Receipt},
};

/// An event that is about to be stored in a transaction.
struct Prepared {
    event: Outgoing,
    batch: Append,
}

impl Engine {
    #[cfg(feature = "sqlite")]
    pub(crate) fn emit_in_sqlite(
        &self,
        connection: &Connection,
        event: Event,
    ) -> Result<Receipt, Error> {
        self.check(&event)?;
        let Some(store) = self.store.as_sqlite() else {
            return Err(elsewhere("SQLite"));
        };
        // Also where nobody listens: the first listener must not be what brings a mistake to light.
        require_transaction(connection)?;
        let prepared = self.prepare(event);
        let appended = store.append_in(connection, &prepared.batch)?;
        prepared.receipt(appended)
    }

    #[cfg(feature = "postgres")]
    pub(crate) async fn emit_in_postgres(
        &self,
        connection: &mut PgConnection,
        event: Event,
    ) -> Result<Receipt, Error> {
        self.check(&event)?;
        let Some(store) = self.store.as_postgres() else {
            return Err(elsewhere("PostgreSQL"));
        };
        let prepared = self.prepare(event);
        let appended = store.append_in(connection, &prepared.batch).await?;
        prepared.receipt(appended)
    }

    /// In a transaction of whichever model: there is no database to be mistaken about.
    #[cfg(any(test, feature = "conformance"))]
    pub(crate) fn emit_in_model(
        &self,
        transaction: &ModelTransaction,
        event: Event,
    ) -> Result<Receipt, Error> {
        self.check(&event)?;
        let prepared = self.prepare(event);
        let appended = transaction.append_in(prepared.batch.clone());
        prepared.receipt(appended)
    }

    fn check(&self, event: &Event) -> Result<(), Error> {
        self.gate.check()?;
        event.payload.check_size(self.options.payload_limit)?;
        if event.idempotency_key.is_some() {
            return Err(Error::new(
                ErrorKind::InvalidConfig,
                "an event that is emitted in a transaction has no idempotency key: the transaction decides what happens once",
            ));
        }
        Ok(())
    }

    fn prepare(&self, event: Event) -> Prepared {
        let emitters = self.registry.matching(&event.name, event.tenant.as_ref());
        let event = self.outgoing(event, emitters);
        // Without a listener it is an append of nothing, which checks the connection all the same.
        let messages = event.is_stored().then(|| event.to_store());
        let batch = Append {
            node: self.node(),
            messages: messages.into_iter().collect(),
            now: self.wall(),
        };
        Prepared { event, batch }
    }
}

impl Prepared {
    fn receipt(&self, mut appended: Vec<Appended>) -> Result<Receipt, Error> {
        match appended.pop() {
            Some(Appended::Stored(stored)) => {
                let queued = stored.rows.iter().filter(|row| row.fate.is_queued());
                let count = queued.count();
                Ok(self.event.receipt(count))
            }
            Some(Appended::Duplicate(first)) => Ok(first),
            Some(Appended::IdempotencyMismatch) => Err(mismatch()),
            None => Ok(self.event.receipt(0)),
        }
    }
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
fn elsewhere(database: &str) -> Error {
    Error::new(
        ErrorKind::InvalidConfig,
        format!(
            "the store is not in {database}: events can be emitted in a transaction of the store's own database only"
        ),
    )
}

#[cfg(all(test, feature = "reqwest", feature = "sqlite"))]
mod tests {
    use super::*;
    use crate::{Webhooks, store::SqliteStore};

    #[tokio::test]
    async fn a_transaction_is_wanted_even_if_nobody_listens() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("webhooks.db");
        let store = SqliteStore::open(&path).await.unwrap();
        let webhooks = Webhooks::builder().store(store).build().await.unwrap();
        let connection = Connection::open(&path).unwrap();
        let event = || Event::new("order.created", &serde_json::json!({})).unwrap();
        let refused = webhooks.emit_in(&connection, event()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::NoTransaction);
        let elsewhere = Connection::open_in_memory().unwrap();
        let transaction = elsewhere.unchecked_transaction().unwrap();
        let refused = webhooks.emit_in(&transaction, event()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidConfig);
        let transaction = connection.unchecked_transaction().unwrap();
        assert_eq!(
            webhooks.emit_in(&transaction, event()).unwrap().deliveries,
            0
        );
    }
}

//! Emitting inside a transaction of the application's.

use super::Webhooks;
#[cfg(any(
    test,
    feature = "sqlite",
    feature = "postgres",
    feature = "conformance"
))]
use crate::store::Receipt;
#[cfg(any(test, feature = "conformance"))]
use crate::store::conformance::ModelTransaction;
#[cfg(feature = "postgres")]
use crate::store::postgres::sqlx;
#[cfg(feature = "sqlite")]
use crate::store::sqlite::rusqlite;
use crate::{Error, event::Event};

/// A transaction of the application's, in the database that the store is in: an event emitted in it is
/// delivered if and only if it commits.
///
/// | Transaction | Feature | Returns |
/// |---|---|---|
/// | `&rusqlite::Transaction`, `&rusqlite::Savepoint`, `&rusqlite::Connection` with one open | `sqlite` | `Result<Receipt, Error>` |
/// | `&mut sqlx::Transaction<'_, sqlx::Postgres>`, `&mut sqlx::PgConnection` with one open | `postgres` | a future of it |
#[diagnostic::on_unimplemented(
    message = "events cannot be emitted in `{Self}`",
    note = "pass `&transaction`, one of rusqlite's, with the feature `sqlite`",
    note = "or `&mut transaction`, one of sqlx's in PostgreSQL, with the feature `postgres`"
)]
pub trait EmitIn {
    /// The receipt or the error; or a future of it, where the database is spoken to asynchronously.
    type Output;

    /// Emits `event` in this transaction; an event that could not be made is the error.
    fn emit_in(self, webhooks: &Webhooks, event: Result<Event, Error>) -> Self::Output;
}

#[cfg(feature = "sqlite")]
impl EmitIn for &rusqlite::Connection {
    type Output = Result<Receipt, Error>;

    fn emit_in(self, webhooks: &Webhooks, event: Result<Event, Error>) -> Self::Output {
        webhooks.emit_in_sqlite(self, event?)
    }
}

#[cfg(feature = "sqlite")]
impl EmitIn for &rusqlite::Transaction<'_> {
    type Output = Result<Receipt, Error>;

    fn emit_in(self, webhooks: &Webhooks, event: Result<Event, Error>) -> Self::Output {
        webhooks.emit_in_sqlite(self, event?)
    }
}

#[cfg(feature = "sqlite")]
impl EmitIn for &rusqlite::Savepoint<'_> {
    type Output = Result<Receipt, Error>;

    fn emit_in(self, webhooks: &Webhooks, event: Result<Event, Error>) -> Self::Output {
        webhooks.emit_in_sqlite(self, event?)
    }
}

/// In a test of how an application's transactions go.
#[cfg(any(test, feature = "conformance"))]
impl EmitIn for &ModelTransaction {
    type Output = Result<Receipt, Error>;

    fn emit_in(self, webhooks: &Webhooks, event: Result<Event, Error>) -> Self::Output {
        webhooks.engine().emit_in_model(self, event?)
    }
}

/// What [`EmitIn`] returns where the database is spoken to asynchronously.
#[cfg(feature = "postgres")]
pub type EmitInFuture<'c> =
    std::pin::Pin<Box<dyn Future<Output = Result<Receipt, Error>> + Send + 'c>>;

#[cfg(feature = "postgres")]
impl<'c> EmitIn for &'c mut sqlx::PgConnection {
    type Output = EmitInFuture<'c>;

    fn emit_in(self, webhooks: &Webhooks, event: Result<Event, Error>) -> Self::Output {
        let webhooks = webhooks.clone();
        Box::pin(async move { webhooks.emit_in_postgres(self, event?).await })
    }
}

#[cfg(feature = "postgres")]
impl<'c> EmitIn for &'c mut sqlx::Transaction<'_, sqlx::Postgres> {
    type Output = EmitInFuture<'c>;

    fn emit_in(self, webhooks: &Webhooks, event: Result<Event, Error>) -> Self::Output {
        let connection: &'c mut sqlx::PgConnection = self;
        connection.emit_in(webhooks, event)
    }
}

impl Webhooks {
    /// Emits an event inside a transaction of the application's: it is delivered if and only if that
    /// commits, promptly after it.
    ///
    /// The event cannot have an idempotency key: the transaction decides what happens once.
    ///
    /// # Errors
    /// As [`emit_with`](Self::emit_with);
    /// [`NoTransaction`](crate::ErrorKind::NoTransaction) if none is open;
    /// [`InvalidConfig`](crate::ErrorKind::InvalidConfig) if the store is not in that database, or for
    /// an idempotency key. Nothing is queued then, and the transaction is as it was.
    pub fn emit_in<T: EmitIn>(&self, transaction: T, event: Event) -> T::Output {
        transaction.emit_in(self, Ok(event))
    }

    /// Emits an event inside the transaction that is open on this connection to the store's database;
    /// as [`emit_in`](Self::emit_in) otherwise. A plain function, which may wait for the disk.
    ///
    /// Begin the transaction with `BEGIN IMMEDIATE`: one that has read before it writes fails with
    /// [`Busy`](crate::ErrorKind::Busy) if somebody else has written meanwhile. Do not await
    /// [`emit`](Self::emit) while it is open: SQLite has one writer, so that ends in `Busy` too.
    ///
    /// # Errors
    /// As [`emit_in`](Self::emit_in).
    #[cfg(feature = "sqlite")]
    pub fn emit_in_sqlite(
        &self,
        connection: &rusqlite::Connection,
        event: Event,
    ) -> Result<Receipt, Error> {
        self.engine().emit_in_sqlite(connection, event)
    }

    /// Emits an event inside the transaction that is open on this connection to the store's database;
    /// as [`emit_in`](Self::emit_in) otherwise.
    ///
    /// The transaction may be of any isolation and stay open for long: nobody waits for it. It takes three
    /// round trips, since a savepoint keeps an error from failing the whole transaction.
    ///
    /// # Errors
    /// As [`emit_in`](Self::emit_in).
    ///
    /// # Cancel safety
    /// Once the future has been polled and is dropped, the event may or may not be in the transaction: roll
    /// back.
    #[cfg(feature = "postgres")]
    pub async fn emit_in_postgres(
        &self,
        connection: &mut sqlx::PgConnection,
        event: Event,
    ) -> Result<Receipt, Error> {
        self.engine().emit_in_postgres(connection, event).await
    }
}

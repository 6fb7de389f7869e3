//! Appending inside a transaction of the application's.

use sqlx::{Executor as _, PgConnection};

use super::{
    PostgresStore,
    failure::{self, Failure, from_sqlx},
    ops,
};
use crate::{
    Error, ErrorKind, observe,
    store::{Append, Appended},
};

const SAVEPOINT: &str = "SAVEPOINT webhooks_emit_in";
const RELEASE: &str = "RELEASE SAVEPOINT webhooks_emit_in";
const ROLL_BACK: &str =
    "ROLLBACK TO SAVEPOINT webhooks_emit_in; RELEASE SAVEPOINT webhooks_emit_in";

impl PostgresStore {
    /// Appends inside the transaction that is open on `connection`: what it stores is there if and only
    /// if that commits. All or nothing; where it fails, what the application did before stays as it is.
    ///
    /// # Cancel safety
    /// Dropping the future in the middle leaves open whether it was stored: roll back then.
    pub(crate) async fn append_in(
        &self,
        connection: &mut PgConnection,
        batch: &Append,
    ) -> Result<Vec<Appended>, Error> {
        if let Err(error) = connection.execute(SAVEPOINT).await {
            return Err(if failure::is_no_transaction(&error) {
                Error::new(
                    ErrorKind::NoTransaction,
                    "no transaction is open on the connection: begin one, so that the event commits with your data",
                )
            } else {
                from_sqlx(error)
            });
        }
        match ops::append_in(connection, self.context(), batch).await {
            Ok(Some(appended)) => {
                connection.execute(RELEASE).await.map_err(from_sqlx)?;
                Ok(appended)
            }
            Ok(None) => {
                roll_back(connection).await;
                Err(self.another_database())
            }
            Err(failure) => {
                roll_back(connection).await;
                Err(match failure {
                    Failure::Database(error) if failure::is_missing(&error) => {
                        self.another_database().with_source(error)
                    }
                    failure => failure.into_error(),
                })
            }
        }
    }

    fn another_database(&self) -> Error {
        Error::new(
            ErrorKind::InvalidConfig,
            format!(
                "the connection is to another database than the store: expected one with the store's tables in the schema {}",
                self.schema()
            ),
        )
    }
}

async fn roll_back(connection: &mut PgConnection) {
    if let Err(error) = connection.execute(sqlx::raw_sql(ROLL_BACK)).await {
        tracing::error!(target: observe::STORE, %error, "a part of a transaction cannot be rolled back");
    }
}

//! Making the tables.

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};

use super::{failure::from_sqlx, sql::with_schema};
use crate::{
    Error,
    store::migration::{self, Migration},
};

/// All steps, for those who run migrations with a tool of their own.
pub(super) const MIGRATIONS: &[Migration] = &[Migration {
    number: 1,
    name: "initial",
    sql: include_str!("migrations/0001_initial.sql"),
}];

/// The number of the last step that was run in this schema; 0 for none.
pub(super) async fn version(connection: &mut PgConnection, schema: &str) -> Result<u32, Error> {
    // Not by `to_regclass`: that may remember what another process has changed since.
    let exists: bool = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = $1 AND tablename = 'migrations')",
    )
        .persistent(false)
        .bind(schema)
        .fetch_one(&mut *connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(from_sqlx)?;
    if !exists {
        return Ok(0);
    }
    let last = with_schema("SELECT max(number) FROM webhooks.migrations", schema);
    let last: Option<i32> = sqlx::query(AssertSqlSafe(last))
        .persistent(false)
        .fetch_one(connection)
        .await
        .and_then(|row| row.try_get(0))
        .map_err(from_sqlx)?;
    Ok(last.unwrap_or(0).cast_unsigned())
}

/// The steps that are still to be run.
///
/// # Errors
/// [`Store`](crate::ErrorKind::Store) if the tables are of a later version of this library.
pub(super) async fn pending(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<&'static [Migration], Error> {
    // All in one transaction: a pooler may hand out another connection between the parts of a question.
    let mut transaction = connection.begin().await.map_err(from_sqlx)?;
    let version = version(&mut transaction, schema).await?;
    transaction.commit().await.map_err(from_sqlx)?;
    migration::pending(MIGRATIONS, version)
}

/// Refuses tables on which steps are still to be run.
pub(super) async fn validate(connection: &mut PgConnection, schema: &str) -> Result<(), Error> {
    migration::none_pending(pending(connection, schema).await?)
}

/// Runs the steps that are still to be run, all or none; returns them. Others wait meanwhile.
pub(super) async fn run(
    connection: &mut PgConnection,
    schema: &str,
) -> Result<&'static [Migration], Error> {
    if pending(connection, schema).await?.is_empty() {
        return Ok(&[]);
    }
    let begin = "BEGIN; SET LOCAL statement_timeout = 0";
    let mut transaction = connection.begin_with(begin).await.map_err(from_sqlx)?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))")
        .persistent(false)
        .bind(format!("webhooks: migrations of {schema}"))
        .execute(&mut *transaction)
        .await
        .map_err(from_sqlx)?;
    // Somebody else may have been faster.
    let migrations = pending(&mut transaction, schema).await?;
    make_schema(&mut transaction, schema).await?;
    for migration in migrations {
        sqlx::raw_sql(AssertSqlSafe(with_schema(migration.sql, schema)))
            .execute(&mut *transaction)
            .await
            .map_err(from_sqlx)?;
    }
    transaction.commit().await.map_err(from_sqlx)?;
    Ok(migrations)
}

/// Makes the schema if it is not there: `IF NOT EXISTS` would want the privilege to make one all the same.
async fn make_schema(connection: &mut PgConnection, schema: &str) -> Result<(), Error> {
    let exists: bool =
        sqlx::query("SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1)")
            .persistent(false)
            .bind(schema)
            .fetch_one(&mut *connection)
            .await
            .and_then(|row| row.try_get(0))
            .map_err(from_sqlx)?;
    if !exists {
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE SCHEMA \"{schema}\"")))
            .execute(connection)
            .await
            .map_err(from_sqlx)?;
    }
    Ok(())
}

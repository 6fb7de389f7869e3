//! Schemas.

use std::panic::{AssertUnwindSafe, catch_unwind};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, query, query_scalar};
use webhooks_tests::postgres::{Schema, schema};

/// Creates it, with a table in it.
async fn create(schema: &Schema) -> PgConnection {
    let mut connection = schema.connect().await;
    let create = AssertSqlSafe(format!("CREATE SCHEMA {}", schema.name()));
    query(create).execute(&mut connection).await.unwrap();
    query("CREATE TABLE things (id int)")
        .execute(&mut connection)
        .await
        .unwrap();
    connection
}

async fn exists(connection: &mut PgConnection, name: &str) -> bool {
    query_scalar("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)")
        .bind(name)
        .fetch_one(connection)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_schema_is_only_a_name_at_first_and_no_other_has_it() {
    let (Some(one), Some(other)) = (schema().await, schema().await) else {
        return;
    };
    assert_ne!(one.name(), other.name());
    let mut connection = PgConnection::connect(one.url()).await.unwrap();
    assert!(!exists(&mut connection, one.name()).await);
}

#[tokio::test]
async fn names_on_its_connections_are_of_the_schema() {
    let Some(schema) = schema().await else { return };
    create(&schema).await;
    let found: Option<String> = query_scalar(
        "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass('things')",
    )
    .fetch_optional(&mut schema.connect().await)
    .await
    .unwrap();
    assert_eq!(found.as_deref(), Some(schema.name()));
}

#[tokio::test]
async fn what_it_held_is_gone_once_it_is_dropped() {
    let Some(schema) = schema().await else { return };
    let mut connection = create(&schema).await;
    let name = schema.name().to_owned();
    assert!(exists(&mut connection, &name).await);
    drop(schema);
    assert!(!exists(&mut connection, &name).await);
}

#[tokio::test]
async fn a_schema_that_was_never_created_is_dropped_in_peace() {
    let Some(schema) = schema().await else { return };
    drop(schema);
}

#[tokio::test]
async fn a_transaction_that_was_left_open_is_not_in_the_way() {
    let Some(schema) = schema().await else { return };
    let mut connection = create(&schema).await;
    let mut transaction = connection.begin().await.unwrap();
    query("INSERT INTO things VALUES (1)")
        .execute(&mut *transaction)
        .await
        .unwrap();
    let (url, name) = (schema.url().to_owned(), schema.name().to_owned());
    drop(schema);
    let mut another = PgConnection::connect(&url).await.unwrap();
    assert!(!exists(&mut another, &name).await);
}

#[tokio::test]
async fn a_test_that_panics_leaves_none_behind() {
    let Some(schema) = schema().await else { return };
    let mut connection = create(&schema).await;
    let name = schema.name().to_owned();
    let panicking = AssertUnwindSafe(move || {
        let _schema = schema;
        // Not a panic's message: it would look like a failure.
        std::panic::resume_unwind(Box::new(()));
    });
    assert!(catch_unwind(panicking).is_err());
    assert!(!exists(&mut connection, &name).await);
}

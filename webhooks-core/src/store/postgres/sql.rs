//! The statements of PostgreSQL.

use std::sync::Arc;

use crate::store::sql::{statements, with_names};

/// The schema of all tables, unless the options say otherwise.
pub(super) const DEFAULT_SCHEMA: &str = "webhooks";

/// A text of SQL with this schema in place of the default one, and without comments.
pub(super) fn with_schema(sql: &str, schema: &str) -> String {
    with_names(
        sql,
        &format!("{DEFAULT_SCHEMA}."),
        &format!("\"{schema}\"."),
    )
}

/// A statement.
pub(super) struct Statement {
    pub(super) text: Arc<str>,
    /// Whether a connection prepares it once and for all. Behind a pooler that hands out another connection
    /// for each transaction it cannot.
    pub(super) is_prepared: bool,
}

statements! { Statement:
    any_mark
    append
    attempts
    delete_attempts
    delete_deliveries
    delete_discard
    delete_emitter
    delete_leases
    delete_marks
    delete_messages
    delivery
    discard_reason
    discard_some
    discards
    drop_dead_leases
    emit_in
    emitter
    emitters
    end_cool_down
    erase_bodies
    erase_deliveries
    erase_message
    erase_old_payloads
    fence_discard
    fold_counters
    fold_tallies
    forget_health
    get_meta
    has_pending
    idempotency_find
    idempotency_prune
    insert_emitter
    insert_tally
    kill_nodes
    lease
    list_all
    list_of_emitter
    list_of_state
    load
    lock_message
    lock_messages
    lock_version
    mark
    mark_pending
    message_by_id
    messages_of_delivery_id
    move_attempts
    new_epoch
    next_generation
    next_version
    nodes
    old_payloads
    old_settled
    own
    own_pending
    pending_of_message
    prune_marks
    prune_nodes
    put_discard
    put_meta
    queue_again
    queue_copies
    records_of_messages
    renew_node
    replayable
    sent_before
    set_due
    set_emitter_state
    set_standing
    settle_first
    settle_look
    settle_more
    standing
    standing_of
    stats
    target
    try_prune
    unmark
    update_emitter
    version
    without_owner
}

impl Sql {
    /// The statements for one schema.
    pub(super) fn new(schema: &str, is_prepared: bool) -> Self {
        Self::make(|text| Statement {
            text: with_schema(text, schema).into(),
            is_prepared,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqlSafeStr as _};

    use super::*;
    use crate::store::postgres::migrations::MIGRATIONS;

    #[test]
    fn every_file_is_a_statement() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/postgres/sql");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let known = Sql::new(DEFAULT_SCHEMA, true);
        let known = known.all().into_iter();
        let known: BTreeSet<String> = known.map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(files, known);
    }

    /// A connection to the server that tests use; the others start one where there is none.
    async fn connection() -> Option<PgConnection> {
        let named = std::env::var("WEBHOOKS_TEST_POSTGRES").ok();
        let users =
            ["root", "postgres"].map(|user| format!("postgres://{user}@127.0.0.1/postgres"));
        for url in named.into_iter().chain(users) {
            if let Ok(connection) = PgConnection::connect(&url).await {
                return Some(connection);
            }
        }
        eprintln!("skipped: no PostgreSQL at 127.0.0.1:5432, nor in WEBHOOKS_TEST_POSTGRES");
        None
    }

    #[tokio::test]
    async fn every_statement_suits_the_tables_whatever_their_schema() {
        let Some(mut connection) = connection().await else {
            return;
        };
        for schema in [DEFAULT_SCHEMA, "outbound"] {
            // Rolled back: what is there of these names stays as it is.
            let schema = format!("{schema}_{}", std::process::id());
            let mut transaction = connection.begin().await.unwrap();
            let create = format!("CREATE SCHEMA \"{schema}\"");
            let create = sqlx::raw_sql(AssertSqlSafe(create));
            transaction.execute(create).await.unwrap();
            for migration in MIGRATIONS {
                let sql = AssertSqlSafe(with_schema(migration.sql, &schema));
                transaction.execute(sqlx::raw_sql(sql)).await.unwrap();
            }
            for (name, statement) in Sql::new(&schema, true).all() {
                let sql = AssertSqlSafe(statement.text.clone()).into_sql_str();
                if let Err(error) = (&mut *transaction).prepare(sql).await {
                    panic!("{name}: {error}");
                }
            }
            transaction.rollback().await.unwrap();
        }
    }
}

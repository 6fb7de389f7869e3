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
    append
    discard_reason
    emit_in
    idempotency_find
    delete_leases
    drop_dead_leases
    fold_tallies
    get_meta
    insert_tally
    any_mark
    lease
    load
    mark
    mark_pending
    move_attempts
    new_epoch
    next_generation
    nodes
    own
    own_pending
    put_meta
    renew_node
    sent_before
    set_standing
    settle_first
    settle_look
    settle_more
    target
    unmark
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

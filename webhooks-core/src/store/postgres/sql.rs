//! The statements of PostgreSQL.

use std::sync::Arc;

use crate::store::sql::{statements, with_names};

/// The schema of all tables, unless the options say otherwise.
pub(super) const DEFAULT_SCHEMA: &str = "webhooks";

/// A text of SQL with this schema in place of the default one, and without comments.
pub(super) fn with_prefix(sql: &str, schema: &str) -> String {
    with_names(
        sql,
        &format!("{DEFAULT_SCHEMA}."),
        &format!("\"{schema}\"."),
    )
}

statements! { Arc<str>:
    insert_tally
    mark
    next_generation
    target
}

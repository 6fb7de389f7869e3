//! The statements of SQLite.

use crate::store::sql::{statements, with_names};

/// The prefix of all tables, unless the options say otherwise.
pub(super) const DEFAULT_PREFIX: &str = "webhooks_";

/// A text of SQL with this prefix in place of the default one, and without comments.
pub(super) fn with_prefix(sql: &str, prefix: &str) -> String {
    with_names(sql, DEFAULT_PREFIX, prefix)
}

statements! { Box<str>:
    any_mark
    attempts
    copy_delivery
    copy_message
    count
    counters_to_fold
    delete_attempts
    delete_counter
    delete_delivery
    delete_discard
    delete_emitter
    delete_lease
    delete_message
    delete_tallies
    discard_of
    discard_reason
    discard_some
    drop_lease
    emitter
    emitter_ids
    emitters
    end_cool_down
    erase_deliveries
    erase_message
    erase_old_payload
    forget_health
    get_meta
    has_attempt
    has_pending
    idempotency_find
    idempotency_prune
    idempotency_put
    insert_delivery
    insert_emitter
    insert_message
    insert_tally
    is_owner
    kill_node
    last_pending
    lease
    leases_of_node
    list_all
    list_of_emitter
    list_of_state
    load
    mark
    mark_unowned
    marked
    message_by_id
    message_by_place
    message_is_there
    message_places
    messages_of_delivery_id
    move_attempt
    next_discard
    node
    nodes_with_leases
    old_payloads
    old_settled
    pending_of_message
    prune_nodes
    put_discard
    put_lease
    put_meta
    queue_again
    record
    record_attempt
    records_of_message
    renew_node
    replayable
    sequences
    set_due
    set_emitter_state
    set_health
    set_progress
    set_sequence
    set_standing
    settle_first
    settled_at_place
    standing
    standing_of
    stats
    take_turn
    tallies
    target
    unmark
    unmark_unowned
    update_emitter
    version
}

impl Sql {
    /// The statements for one prefix.
    pub(super) fn new(prefix: &str) -> Self {
        Self::make(|text| with_prefix(text, prefix).into())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use rusqlite::Connection;

    use super::*;
    use crate::store::sqlite::migrations::MIGRATIONS;

    #[test]
    fn every_file_is_a_statement() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/sqlite/sql");
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let known = Sql::new(DEFAULT_PREFIX);
        let known = known.all().into_iter();
        let known: BTreeSet<String> = known.map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(files, known);
    }

    #[test]
    fn every_statement_suits_the_tables_whatever_their_prefix() {
        for prefix in [DEFAULT_PREFIX, "outbound_"] {
            let connection = Connection::open_in_memory().unwrap();
            for migration in MIGRATIONS {
                connection
                    .execute_batch(&with_prefix(migration.sql, prefix))
                    .unwrap();
            }
            for (name, sql) in Sql::new(prefix).all() {
                if let Err(error) = connection.prepare(sql) {
                    panic!("{name}: {error}");
                }
            }
        }
    }
}

//! The list of cases, and what is made of it.

use super::suite::Case;

/// Makes one `#[tokio::test]` of each case of the suite, in a module for each area, so that they
/// can be run by name.
///
/// Takes an expression that makes a [`StoreFactory`](crate::store::conformance::StoreFactory); it
/// is evaluated in each test. The calling crate needs tokio with `macros` and `rt-multi-thread`.
///
/// ```
/// use std::sync::Arc;
/// use webhooks_core::store::{MemoryStore, Store};
///
/// async fn empty() -> Arc<dyn Store> {
///     Arc::new(MemoryStore::new())
/// }
///
/// webhooks_core::conformance_tests!(empty);
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! conformance_tests {
    ($factory:expr) => {
        $crate::__conformance_cases! { __conformance_as_tests [$factory] }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_cases {
    ($then:ident [$($given:tt)*]) => {
        $crate::$then! {
            [$($given)*]
            append {
                an_appended_message_comes_back_as_it_was,
                a_message_goes_to_each_of_its_emitters,
                a_message_without_deliveries_is_fine,
                an_empty_batch_is_fine,
                a_message_sent_again_is_not_stored_again,
                an_append_for_a_detached_emitter_is_stale,
            }
            changes {
                an_append_elsewhere_is_told,
                a_waiter_is_woken,
                what_is_sent_again_is_told,
                a_change_of_an_emitter_is_told,
            }
            concurrency {
                one_of_many_attaches_wins,
                one_of_many_nodes_leases,
                many_append_and_each_keeps_its_order,
                a_dropped_append_is_whole_or_not_at_all,
            }
            cursors {
                the_newest_message_comes_first,
                pages_of_any_size_are_exact,
                pages_are_exact_while_messages_come,
                a_page_has_50_and_at_most_250,
                filters_narrow_the_list,
                what_is_not_there_is_not_found,
            }
            discard {
                a_pending_delivery_is_discarded,
                only_a_pending_delivery_is_discarded,
                what_is_in_flight_at_a_discard_can_settle,
                an_erased_payload_is_gone_and_not_sent,
                erasing_leaves_settled_deliveries_as_they_are,
                an_unknown_payload_is_not_erased,
            }
            emitters {
                attached_emitters_are_listed,
                an_emitter_comes_back_as_it_was_put,
                attach_leaves_what_is_there,
                the_version_grows_with_every_change,
                upsert_creates_what_is_not_there,
                upsert_replaces_configuration_alone,
                upsert_of_the_same_changes_nothing,
                upsert_keeps_the_tenant,
                detach_of_an_unknown_emitter_finds_none,
                a_change_of_an_unknown_emitter_finds_none,
                standing_counts_what_is_pending,
            }
            faults {
                a_refused_append_stores_nothing,
                a_lost_append_sent_again_is_no_duplicate,
                a_lost_append_of_another_message_is_a_repetition,
                a_lost_settlement_told_again_counts_once,
                a_lost_attach_leaves_one_emitter,
                a_lost_lease_comes_when_it_is_asked_for_again,
                a_lost_load_loses_no_row,
                what_is_sent_again_twice_is_queued_once,
                a_lost_replay_asked_for_again_queues_nothing_twice,
                a_lost_change_of_an_emitter_is_done_once,
                a_lost_discard_is_told_when_it_is_asked_for_again,
                any_one_call_may_fail,
            }
            fencing {
                an_old_epoch_settles_nothing,
                another_node_settles_nothing_under_the_same_epoch,
                a_lease_given_back_settles_nothing,
                one_fenced_settlement_stops_no_other,
                health_of_an_old_epoch_is_ignored,
                health_comes_with_the_lease,
            }
            generations {
                attach_draws_a_new_generation,
                pause_with_discard_draws_a_new_generation,
                keep_restart_and_upsert_keep_the_generation,
                what_was_in_flight_at_a_detach_can_settle,
                an_emitter_attached_again_starts_empty,
            }
            histories {
                random_histories_agree_with_the_model,
            }
            idempotency {
                a_key_that_repeats_has_the_first_receipt,
                a_key_with_another_event_is_a_mismatch,
                a_key_is_forgotten_after_a_day,
                a_key_can_be_pruned,
                an_event_without_listeners_is_remembered,
                a_key_that_repeats_within_a_batch_is_one,
                a_key_is_of_one_tenant,
                a_message_sent_again_is_no_duplicate_of_itself,
                a_message_sent_again_after_it_was_forgotten_is_gone,
                a_receipt_does_not_count_what_was_not_queued,
            }
            leases {
                an_emitter_has_one_owner,
                leases_come_with_what_is_asked_for,
                a_lease_request_is_limited,
                any_means_active_with_work_and_without_owner,
                an_emitter_that_is_not_active_is_not_leased,
                a_lease_given_back_is_free,
                a_lapsed_node_is_taken_over_and_told,
                a_lapsed_node_loses_what_has_work_to_any_request,
                a_dead_node_loses_all_that_it_has,
                a_lapsed_node_that_nobody_took_over_goes_on,
                an_unknown_node_leases_nothing,
                epochs_grow_across_detach_and_attach,
            }
            order {
                seq_grows_in_the_order_of_the_batch,
                a_proven_append_goes_straight,
                an_append_elsewhere_withholds_those_behind_it,
                an_append_of_an_old_epoch_is_withheld,
                a_load_by_another_node_clears_no_mark,
                a_mark_is_of_one_emitter,
                a_load_brings_pages_in_order,
                a_load_stops_at_its_bytes_but_brings_one,
                a_load_brings_the_lanes_asked_for,
                a_refill_clears_no_mark_and_tells_of_it,
            }
            pause {
                keep_keeps_what_is_queued_and_takes_more,
                discard_discards_what_is_queued,
                what_was_in_flight_at_a_discard_can_settle,
                a_paused_emitter_can_be_paused_otherwise,
                disable_keeps_what_is_queued,
                only_an_active_emitter_is_disabled,
                a_disabled_emitter_can_be_paused,
                restart_of_an_active_emitter_changes_nothing,
                restart_forgets_health,
            }
            redelivery {
                a_settled_delivery_goes_to_the_end,
                delivered_and_discarded_ones_can_be_sent_again,
                the_owner_must_load_what_is_sent_again,
                a_discarded_generation_comes_back_in_the_current_one,
                a_pending_delivery_keeps_its_place_and_is_due,
                an_attempt_of_the_old_place_does_not_settle_the_new,
                what_cannot_be_sent_again_says_why,
                a_fresh_message_leaves_the_old_delivery,
                a_paused_emitter_queues_what_is_sent_again,
                what_is_sent_again_wants_an_owner,
            }
            replay {
                settled_deliveries_come_back_in_their_old_order,
                replay_takes_the_states_asked_for,
                replay_takes_the_times_asked_for,
                replay_leaves_out_what_is_erased_or_of_others,
                replay_can_make_fresh_messages,
                replay_of_an_unknown_emitter_finds_none,
            }
            retention {
                prune_forgets_what_settled_long_ago,
                prune_is_limited,
                a_message_stays_for_its_other_deliveries,
                a_delivery_sent_again_is_not_old,
                what_was_sent_again_is_as_old_as_its_last_end,
                what_is_pending_is_passed_over,
                payloads_are_erased_before_their_deliveries,
            }
            retry {
                progress_comes_back_as_it_was_settled,
                progress_survives_a_takeover,
                a_first_attempt_is_due_as_appended,
            }
            stats {
                what_is_pending_and_what_settled_is_counted,
                counts_tell_the_last_hour_and_day_apart,
                what_was_pruned_goes_on_counting,
                a_detached_emitter_counts_in_all,
            }
            settle {
                a_delivery_that_is_taken_is_done,
                a_delivery_that_is_given_up_says_why,
                attempts_come_back_oldest_first,
                a_settlement_sent_again_changes_nothing,
                a_delivery_that_is_not_there_is_gone,
                a_settled_delivery_is_not_settled_otherwise,
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_as_tests {
    ([$factory:expr] $($area:ident { $($case:ident,)* })*) => {
        $(
            mod $area {
                #[allow(unused_imports)]
                use super::*;

                $(
                    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                    async fn $case() {
                        let world = $crate::store::conformance::World::new($factory).await;
                        $crate::store::conformance::$area::$case(world).await;
                    }
                )*
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_as_list {
    ([] $($area:ident { $($case:ident,)* })*) => {
        vec![$($(
            Case {
                name: concat!(stringify!($area), "::", stringify!($case)),
                run: |world| Box::pin(super::$area::$case(world)),
            },
        )*)*]
    };
}

pub(super) fn cases() -> Vec<Case> {
    crate::__conformance_cases! { __conformance_as_list [] }
}

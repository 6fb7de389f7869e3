//! What a store does, as plain functions over a transaction. No thread, channel or clock in here, so
//! that they can run wherever there is a connection.

mod again;
mod append;
mod blocks;
mod discard;
mod emitters;
mod erase;
mod find;
mod idempotency;
mod lease;
mod list;
mod load;
mod prune;
mod replay;
mod settle;
mod stats;
pub(super) mod tally;

pub(super) use self::{
    again::redeliver,
    append::append,
    discard::{discard, go_on as go_on_discarding},
    emitters::{put, remove, set_state, standing, table, version},
    erase::erase_payload,
    lease::{give_back, lease, renew},
    list::{deliveries, delivery, message_detail},
    load::{FirstLook, clear_mark, load_marked, load_unmarked},
    prune::{Places, PruneJob},
    replay::ReplayJob,
    settle::settle,
    stats::stats,
};

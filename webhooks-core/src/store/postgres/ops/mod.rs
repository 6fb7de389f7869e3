//! What a store does, over a connection. A step that writes is one statement, or a transaction of its own.

mod again;
mod again_sent;
mod append;
mod append_batch;
mod append_in;
mod attempts;
mod blocks;
mod claims;
mod discard;
mod emitters;
mod erase;
mod find;
mod idempotency;
mod lease;
mod list;
mod load;
mod look;
mod messages;
mod prune;
mod record;
mod repeats;
mod replay;
mod settle;
mod settle_more;
mod settle_writes;
mod stats;

pub(super) use self::{
    again::redeliver,
    append::append,
    append_in::append_in,
    discard::{discard, go_on as go_on_discarding},
    emitters::{put, remove, set_state, standing, table, version},
    erase::erase_payload,
    lease::{bury, give_back, lease, new_epoch, renew},
    list::{deliveries, delivery, message_detail},
    load::load,
    look::look,
    prune::{Places, PruneJob},
    replay::ReplayJob,
    settle::settle,
    stats::stats,
};

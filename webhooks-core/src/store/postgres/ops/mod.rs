//! What a store does, over a connection. A step that writes is one statement, or a transaction of its own.

mod again_sent;
mod append;
mod append_in;
mod attempts;
mod blocks;
mod claims;
mod idempotency;
mod lease;
mod list;
mod load;
mod look;
mod messages;
mod prune;
mod settle;
mod settle_more;
mod stats;

pub(super) use self::{
    append::append,
    append_in::append_in,
    lease::{give_back, lease, new_epoch, renew},
    list::{deliveries, delivery, message_detail},
    load::load,
    look::look,
    prune::{Places, PruneJob},
    settle::settle,
    stats::stats,
};
mod stub;
pub(super) use stub::*;

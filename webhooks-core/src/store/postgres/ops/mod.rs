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
mod settle;
mod settle_more;

pub(super) use self::{
    append::append,
    append_in::append_in,
    lease::{give_back, lease, new_epoch, renew},
    list::{deliveries, delivery, message_detail},
    load::load,
    look::look,
    settle::settle,
};
mod stub;
pub(super) use stub::*;

//! Random histories: the same calls to a store and to the model, every answer compared.
//!
//! - What a store may choose itself is compared up to a mapping: a `seq` by the order of its emitter,
//!   epochs and generations by how they grow, the version of the table by when it changes.
//! - Pages may be shorter than asked: what is compared is all of them together.
//! - A history is a list of steps that were drawn from a seed; steps name what they are about by
//!   number, so that any part of a history is one too. One that fails is cut down before it is shown.
//! - `WEBHOOKS_CONFORMANCE_SEED=n` replays one; `WEBHOOKS_CONFORMANCE_SEEDS=k` runs `k` of them,
//!   however long they take.

mod again;
mod append;
mod both;
mod case;
mod change;
mod compare;
mod draw;
mod emitters;
mod leases;
mod load;
mod read;
mod run;
mod settle;
mod shrink;
mod step;

pub use self::case::random_histories_agree_with_the_model;

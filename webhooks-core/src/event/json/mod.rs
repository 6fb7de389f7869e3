//! JSON that any serde value can become, and the check of JSON that is there as text.
//!
//! - Whatever serde can serialise is encoded: keys of any type, bytes, numbers that JSON lacks.
//! - Where serde_json succeeds, on finite numbers and without bytes or repeated keys, the result is
//!   the same byte for byte.
//! - Text is checked, never rewritten.

mod check;
mod compound;
mod escape;
mod fault;
mod keys;
mod output;
mod raw;
mod serializer;

#[cfg(test)]
mod tests;

pub(super) use self::{check::check_object, serializer::to_object};

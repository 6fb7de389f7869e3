//! Looking names up: how, and how many at once.

mod bounded;
mod resolver;

pub(super) use self::bounded::BoundedResolver;
pub use self::resolver::{Resolve, ResolveFuture, SystemResolver};

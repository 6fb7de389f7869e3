//! Looking names up: how, and how many at once.

#[cfg(feature = "reqwest")]
mod bounded;
mod resolver;

#[cfg(feature = "reqwest")]
pub(super) use self::bounded::BoundedResolver;
pub use self::resolver::{Resolve, ResolveFuture, SystemResolver};

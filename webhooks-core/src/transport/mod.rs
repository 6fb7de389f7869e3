//! A delivery attempt as a tower `Service`.
//!
//! - The transport is any `Service<AttemptRequest, Response = AttemptResponse,
//!   Error = AttemptError>`; the default, `HttpTransport`, is a [`Guard`] in front of reqwest.
//! - The guard wants https and public addresses, unless its [`NetworkPolicy`] says otherwise. It checks
//!   the parsed URL when an emitter is attached, and at every attempt the address that is dialled.
//! - Names are looked up by a [`Resolve`], at most 32 at once and half of them for emitters that
//!   have not succeeded since their last failure.
//! - No redirects, no decompression, no proxy from the environment, no second try in secret.
//!
//! ```
//! use webhooks_core::transport::{NetworkPolicy, parse_url};
//!
//! let policy = NetworkPolicy::default();
//! assert!(policy.check_url(&parse_url("https://crm.example/hooks")?).is_ok());
//! assert!(policy.check_url(&parse_url("https://169.254.169.254/")?).is_err());
//! # Ok::<(), webhooks_core::Error>(())
//! ```

mod attempt;
#[cfg(feature = "reqwest")]
mod capture;
#[cfg(feature = "reqwest")]
mod client;
mod dial;
mod error;
mod guard;
mod resolve;
#[cfg(feature = "reqwest")]
mod tls;

#[cfg(test)]
#[cfg(feature = "reqwest")]
mod tests;

use tower::util::BoxCloneSyncService;

/// A transport with its type erased.
pub type BoxTransport = BoxCloneSyncService<AttemptRequest, AttemptResponse, AttemptError>;

pub(crate) use self::attempt::body_limit;
pub use self::{
    attempt::{AttemptRequest, AttemptResponse, Standing},
    dial::Guard,
    error::{AttemptError, AttemptErrorKind},
    guard::{NetworkPolicy, is_public, parse_url},
    resolve::{Resolve, ResolveFuture, SystemResolver},
};
#[cfg(feature = "reqwest")]
pub use self::{client::HttpTransport, tls::TlsOptions};

//! Secrets, signature schemes, signing and verifying.
//!
//! - The default schemes are Standard Webhooks `v1` and the Emitter scheme.
//! - One emitter has one current secret for all its HMAC schemes. Standard `v1` needs `whsec_` and
//!   base64 of 24–64 bytes; the Emitter scheme signs with the secret's text as given.
//! - During a rotation every active key signs, newest first, in the one `webhook-signature` header.
//! - A [`Secret`] never shows itself, is compared in constant time, and is wiped when dropped.
//!
//! ```
//! use webhooks_core::{env::Timestamp, sign::{Secret, Verifier}};
//!
//! let mut headers = http::HeaderMap::new();
//! headers.insert("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek".parse().unwrap());
//! headers.insert("webhook-timestamp", "1614265330".parse().unwrap());
//! headers.insert(
//!     "webhook-signature",
//!     "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=".parse().unwrap(),
//! );
//! let verifier = Verifier::new(Secret::new("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")?)?;
//! let now = Timestamp::from_micros(1_614_265_330_000_000);
//! assert!(verifier.verify(&headers, br#"{"test": 2432232314}"#, now).is_ok());
//! assert!(verifier.verify(&headers, br#"{"test": 0}"#, now).is_err());
//! # Ok::<(), webhooks_core::Error>(())
//! ```

mod base32hex;
mod emitter;
mod key;
mod scheme;
mod secret;
mod signer;
mod standard;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod stored;
mod verify;

#[cfg(test)]
mod tests;

pub(crate) use self::signer::sign;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use self::stored::{keys_from_stored, keys_to_stored};
pub use self::{
    key::{KeyId, SigningKey},
    scheme::{Scheme, Schemes},
    secret::Secret,
    signer::{SignContext, Signatures, Signer},
    verify::{Verifier, VerifyError, VerifyErrorKind, verify_emitter},
};

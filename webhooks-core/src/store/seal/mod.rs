//! Sealing of secrets at rest: XChaCha20-Poly1305 under one key, which lives in a file.
//!
//! - The key never shows itself; its [`SecretsKeyId`] names it in errors and in what it sealed.
//! - A key file is made whole or not at all, with mode 0600, and never over one that is there.
//! - What is sealed for one emitter and purpose does not open for another.
//!
//! ```
//! use webhooks_core::{env::Env, store::SecretsKey};
//!
//! let key = SecretsKey::generate(&Env::system());
//! let line = key.to_text();
//! assert_eq!(SecretsKey::from_text(line.expose())?, key);
//! assert_eq!(format!("{key:?}"), format!("SecretsKey({})", key.id()));
//! # Ok::<(), webhooks_core::Error>(())
//! ```

mod file;
mod id;
mod key;
mod sealer;

pub(crate) use self::sealer::Sealer;
pub use self::{id::SecretsKeyId, key::SecretsKey};

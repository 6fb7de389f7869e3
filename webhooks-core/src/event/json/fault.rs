//! Why a value cannot become JSON.

use std::fmt::{self, Write as _};

use serde::ser;

use super::output::MAX_DEPTH;
use crate::{Error, ErrorKind};

#[derive(Clone, Debug)]
pub(super) enum Fault {
    TooDeep,
    /// The text of a key that is no string: within other keys, it doubles with each level.
    KeyTooLarge,
    /// The value's own `Serialize` says so, or breaks the rules of serde.
    Value(String),
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::TooDeep => Self::new(
                ErrorKind::PayloadTooDeep,
                format!("payload is {fault}: at most {MAX_DEPTH} are allowed"),
            ),
            Fault::KeyTooLarge => {
                Self::new(ErrorKind::PayloadTooLarge, format!("payload has {fault}"))
            }
            Fault::Value(_) => Self::new(ErrorKind::InvalidPayload, "payload cannot be serialised")
                .with_source(fault),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
            Self::KeyTooLarge => f.write_str("a key that is no string and too large as one"),
            Self::Value(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let mut text = String::new();
        // `to_string` panics if the `Display` fails; what it wrote until then is the message.
        let _ = write!(text, "{message}");
        Self::Value(text)
    }
}

//! Why a value cannot become JSON.

use std::fmt::{self, Write as _};

use serde::ser;

use crate::{Error, ErrorKind};

/// How many arrays and objects may be inside one another.
pub(super) const MAX_DEPTH: usize = 128;

/// One pointer wide: each step of the serializer returns it, hardly any has one.
#[derive(Clone, Debug)]
pub(super) struct Fault(Box<Kind>);

#[derive(Clone, Debug)]
enum Kind {
    TooDeep,
    KeyTooLarge,
    Value(String),
}

impl Fault {
    #[cold]
    pub(super) fn too_deep() -> Self {
        Self(Box::new(Kind::TooDeep))
    }

    /// The text of a key that is no string is too large: within other keys, it doubles with each
    /// level.
    #[cold]
    pub(super) fn key_too_large() -> Self {
        Self(Box::new(Kind::KeyTooLarge))
    }

    /// The value's own `Serialize` says so, or breaks the rules of serde.
    #[cold]
    pub(super) fn value(text: impl Into<String>) -> Self {
        Self(Box::new(Kind::Value(text.into())))
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match *fault.0 {
            Kind::TooDeep => Self::new(
                ErrorKind::PayloadTooDeep,
                format!("payload is {fault}: at most {MAX_DEPTH} are allowed"),
            ),
            Kind::KeyTooLarge => {
                Self::new(ErrorKind::PayloadTooLarge, format!("payload has {fault}"))
            }
            Kind::Value(_) => Self::new(ErrorKind::InvalidPayload, "payload cannot be serialised")
                .with_source(fault),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::TooDeep => write!(f, "nested deeper than {MAX_DEPTH} levels"),
            Kind::KeyTooLarge => f.write_str("a key that is no string and too large as one"),
            Kind::Value(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let mut text = String::new();
        // `to_string` panics if the `Display` fails; what it wrote until then is the message.
        let _ = write!(text, "{message}");
        Self::value(text)
    }
}

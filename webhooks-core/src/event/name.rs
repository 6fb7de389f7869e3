//! Event names.

use crate::{
    Error,
    text::{check_text, text_newtype},
};

/// The prefix reserved for operational events; only patterns with it match them.
pub(crate) const OPERATIONAL: &str = "webhooks.";

text_newtype! {
    /// The name of an event, such as `order.created`: 1–256 of `[A-Za-z0-9_.:/-]`.
    EventName, check
}

pub(super) const ALLOWED: &str = "[A-Za-z0-9_.:/-]";

pub(super) fn is_allowed(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:/-".contains(&byte)
}

fn check(text: &str) -> Result<(), Error> {
    check_text("event name", text, 256, ALLOWED, is_allowed)
}

impl EventName {
    /// Whether this is an operational event of the library's own (`webhooks.*`).
    #[must_use]
    pub fn is_operational(&self) -> bool {
        self.as_str().starts_with(OPERATIONAL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_the_documented_characters() {
        for name in ["order.created", "a", "A-b_c:d/e.f", &"x".repeat(256)] {
            assert_eq!(EventName::new(name).unwrap(), *name);
        }
    }

    #[test]
    fn refuses_everything_else_and_says_what_would_be_right() {
        for name in [
            "",
            "with space",
            "ünicode",
            "star.*",
            "new\nline",
            &"x".repeat(257),
        ] {
            let error = EventName::new(name).unwrap_err();
            assert_eq!(error.kind(), crate::ErrorKind::InvalidValue);
            assert!(error.to_string().contains("[A-Za-z0-9_.:/-]"), "{error}");
            assert!(!error.to_string().contains('\n'));
        }
    }
}

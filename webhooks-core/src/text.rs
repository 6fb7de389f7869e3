//! One macro for the names and IDs that are text of a checked form.

/// Declares a newtype over shared text that is checked once, in `check`.
macro_rules! text_newtype {
    ($(#[$doc:meta])* $name:ident, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Checks `text` and keeps it.
            ///
            /// # Errors
            /// [`InvalidValue`](crate::ErrorKind::InvalidValue), saying what would be right.
            pub fn new(text: impl AsRef<str>) -> Result<Self, crate::Error> {
                let text = text.as_ref();
                $check(text)?;
                Ok(Self(text.into()))
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> Result<Self, crate::Error> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = crate::Error;

            fn try_from(text: &str) -> Result<Self, crate::Error> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = crate::Error;

            fn try_from(text: String) -> Result<Self, crate::Error> {
                Self::new(text)
            }
        }

        impl TryFrom<&String> for $name {
            type Error = crate::Error;

            fn try_from(text: &String) -> Result<Self, crate::Error> {
                Self::new(text)
            }
        }

        impl From<&$name> for $name {
            fn from(name: &$name) -> Self {
                name.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(&self.0, f)
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }

        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                Self::new(text).map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use text_newtype;

/// Checks length and characters of `text`; `what` and `allowed` go into the error.
pub(crate) fn check_text(
    what: &str,
    text: &str,
    max: usize,
    allowed: &str,
    is_allowed: impl Fn(u8) -> bool,
) -> Result<(), crate::Error> {
    let wrong = if text.is_empty() {
        "is empty".to_owned()
    } else if text.len() > max {
        format!("has {} bytes", text.len())
    } else if let Some(at) = text.bytes().position(|byte| !is_allowed(byte)) {
        format!("has a character that is not allowed at byte {at}")
    } else {
        return Ok(());
    };
    let shown = excerpt(text);
    Err(crate::Error::invalid(format!(
        "{what} `{shown}` {wrong}: expected 1–{max} of {allowed}"
    )))
}

/// What an error shows of a text that somebody sent: its beginning, on one line.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(40).flat_map(char::escape_debug).collect()
}

/// Printable ASCII without the space (RFC 5234, `VCHAR`).
pub(crate) fn is_visible_ascii(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

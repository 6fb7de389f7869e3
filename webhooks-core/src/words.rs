//! Types that are one of a few words in JSON, in requests and in columns.

use crate::Error;

/// Declares `FromStr` for a type with `as_str`, and `Serialize` and `Deserialize` by it.
macro_rules! words {
    ($name:ident, $what:literal, [$($value:path),+]) => {
        impl std::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> Result<Self, crate::Error> {
                crate::words::find($what, &[$($value),+], Self::as_str, text)
            }
        }

        crate::words::serde_as_word!($name);
    };
}

/// Declares `Serialize` and `Deserialize` by `as_str` and `FromStr`.
macro_rules! serde_as_word {
    ($name:ident) => {
        #[cfg(feature = "serde")]
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

pub(crate) use {serde_as_word, words};

/// The one of `all` whose word is `text`; `what` goes into the error.
pub(crate) fn find<T: Copy>(
    what: &str,
    all: &[T],
    word: fn(T) -> &'static str,
    text: &str,
) -> Result<T, Error> {
    let found = all.iter().copied().find(|value| word(*value) == text);
    found.ok_or_else(|| {
        let known: Vec<String> = all
            .iter()
            .map(|value| format!("{:?}", word(*value)))
            .collect();
        Error::invalid(format!(
            "{what} is unknown: expected {}",
            known.join(" or ")
        ))
    })
}

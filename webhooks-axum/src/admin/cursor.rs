//! Cursors: opaque to clients.

use std::{fmt::Display, str::FromStr};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::Problem;

/// Two parts, made one opaque word.
pub(super) fn encode(first: &dyn Display, second: &dyn Display) -> String {
    URL_SAFE_NO_PAD.encode(format!("{first} {second}"))
}

/// The two parts of a cursor.
pub(super) fn decode<A: FromStr, B: FromStr>(cursor: &str) -> Result<(A, B), Problem> {
    let parts = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (first, second) = text.split_once(' ')?;
        Some((first.parse().ok()?, second.parse().ok()?))
    };
    parts().ok_or_else(|| {
        Problem::invalid("`cursor` is not one of ours: expected a `next_cursor` of this list")
    })
}

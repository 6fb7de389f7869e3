//! What is kept of a response.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue, header::RETRY_AFTER};

/// How many bytes of the headers are kept.
fn header_limit(success: bool) -> usize {
    if success { 1 << 10 } else { 4 << 10 }
}

/// Headers of a response as they are kept with an attempt: one text, a line for each, `name:value`.
///
/// ```
/// use webhooks_core::delivery::CapturedHeaders;
///
/// let headers: CapturedHeaders = [("content-type", "text/plain"), ("x-a", "1")].into_iter().collect();
/// assert_eq!(headers.iter().nth(1), Some(("x-a", "1")));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CapturedHeaders(Box<str>);

impl CapturedHeaders {
    /// Those of which names and values fit: 1 KiB of a success, 4 KiB of anything else, `retry-after`
    /// before all others. What is not UTF-8 in a value is replaced.
    pub(crate) fn capture(all: &HeaderMap, success: bool) -> Self {
        let mut left = header_limit(success);
        let first = all.get(RETRY_AFTER).map(|value| (&RETRY_AFTER, value));
        let others = all.iter().filter(|(name, _)| *name != RETRY_AFTER);
        // Lines take two bytes more than what is counted; what is not UTF-8 takes more.
        let length = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len();
        let size: usize = all.iter().map(|header| length(header) + 2).sum();
        let mut lines = String::with_capacity(size.min(left + 2 * all.len()));
        for (name, value) in first.into_iter().chain(others) {
            let size = length((name, value));
            if size <= left {
                left -= size;
                let value = String::from_utf8_lossy(value.as_bytes());
                push(&mut lines, name.as_str(), &value);
            }
        }
        Self(lines.into())
    }

    /// Their names, in lower case, and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(':'))
    }

    /// The text, as a store keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What [`as_str`](Self::as_str) gave. Lines without a colon are passed over.
    #[must_use]
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for CapturedHeaders {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(headers: I) -> Self {
        let mut lines = String::new();
        for (name, value) in headers {
            push(&mut lines, name, value);
        }
        Self(lines.into())
    }
}

/// Names only: receivers echo secrets.
impl fmt::Debug for CapturedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|(name, _)| name))
            .finish()
    }
}

/// Adds a line. Line ends cannot come from a `HeaderValue`; elsewhere they would begin another line.
fn push(lines: &mut String, name: &str, value: &str) {
    lines.push_str(name);
    lines.push(':');
    for (at, part) in value.split(['\r', '\n']).enumerate() {
        if at > 0 {
            lines.push(' ');
        }
        lines.push_str(part);
    }
    lines.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(headers: &[(&'static str, &[u8])]) -> HeaderMap {
        headers
            .iter()
            .map(|(name, value)| {
                let value = HeaderValue::from_bytes(value).unwrap();
                (HeaderName::from_static(name), value)
            })
            .collect()
    }

    #[test]
    fn what_fits_is_kept_and_retry_after_before_all_others() {
        let long = [b'x'; 1_024];
        let all = map(&[("x-long", &long), ("x-short", b"1"), ("retry-after", b"7")]);
        let kept = CapturedHeaders::capture(&all, true);
        let kept: Vec<_> = kept.iter().collect();
        assert_eq!(kept, [("retry-after", "7"), ("x-short", "1")]);
    }

    #[test]
    fn values_keep_their_colons_and_lose_what_is_not_text() {
        let all = map(&[
            ("date", b"12:00:01"),
            ("x-bytes", b"a\xffb"),
            ("x-none", b""),
        ]);
        let kept = CapturedHeaders::capture(&all, false);
        let kept: Vec<_> = kept.iter().collect();
        assert_eq!(
            kept,
            [
                ("date", "12:00:01"),
                ("x-bytes", "a\u{fffd}b"),
                ("x-none", "")
            ]
        );
    }

    #[test]
    fn a_line_end_begins_no_other_header() {
        let headers: CapturedHeaders = [("a", "1\r\nb:2")].into_iter().collect();
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("a", "1  b:2")]);
    }
}

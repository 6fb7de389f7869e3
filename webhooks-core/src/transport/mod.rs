//! Stub until merged.
#![allow(missing_docs)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptErrorKind {
    Timeout,
    Refused,
}
pub fn parse_url(text: &str) -> Result<url::Url, crate::Error> {
    url::Url::parse(text).map_err(|_| crate::Error::new(crate::ErrorKind::InvalidUrl, ""))
}

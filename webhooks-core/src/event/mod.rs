//! Event names, patterns and payloads.

pub(crate) mod json;

//! Which responses let staged events go.

use http::{HeaderMap, StatusCode};

/// Decides by a response's head whether the events that its request staged are stored. Not asked
/// about 1xx, which stores nothing.
///
/// Implemented for closures `Fn(StatusCode, &HeaderMap) -> bool`.
pub trait StagePolicy {
    /// Whether they are stored.
    fn stores(&self, status: StatusCode, headers: &HeaderMap) -> bool;
}

impl<F: Fn(StatusCode, &HeaderMap) -> bool> StagePolicy for F {
    fn stores(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        self(status, headers)
    }
}

/// On 2xx and 3xx: the default.
#[derive(Debug, Clone, Copy, Default)]
pub struct OnSuccess;

impl StagePolicy for OnSuccess {
    fn stores(&self, status: StatusCode, _: &HeaderMap) -> bool {
        status.is_success() || status.is_redirection()
    }
}

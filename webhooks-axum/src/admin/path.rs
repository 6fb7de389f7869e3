//! IDs in paths.

use axum::extract::{FromRequestParts, RawPathParams};
use http::request::Parts;

use super::Problem;

/// The IDs in a route: its last `N` parameters, since the prefix that the router is nested under may
/// have some of its own, of whatever name.
pub(super) struct Ids<const N: usize>(pub(super) [String; N]);

impl<const N: usize, S: Send + Sync> FromRequestParts<S> for Ids<N> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // What is not UTF-8 is the ID of nothing.
        let unknown = || Problem::not_found("the path has an ID that is not text");
        let all = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| unknown())?;
        let all: Vec<&str> = all.iter().map(|(_, value)| value).collect();
        let ids = all.last_chunk::<N>().ok_or_else(unknown)?;
        Ok(Self(ids.map(str::to_owned)))
    }
}

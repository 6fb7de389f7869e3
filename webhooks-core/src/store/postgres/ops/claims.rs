//! What a node says that it owns.

use std::collections::BTreeSet;

use crate::{emitter::EmitterId, store::Epoch};

/// Emitters, each under an epoch, sorted and none twice.
#[derive(Debug, Default)]
pub(in super::super) struct Claims<'a>(BTreeSet<(&'a EmitterId, Epoch)>);

impl<'a> Claims<'a> {
    pub(super) fn emitters(&self) -> Vec<&'a str> {
        self.0.iter().map(|(emitter, _)| emitter.as_str()).collect()
    }

    pub(super) fn epochs(&self) -> Vec<i64> {
        self.0
            .iter()
            .map(|(_, epoch)| epoch.cast_signed())
            .collect()
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> FromIterator<(&'a EmitterId, Epoch)> for Claims<'a> {
    fn from_iter<I: IntoIterator<Item = (&'a EmitterId, Epoch)>>(claims: I) -> Self {
        Self(claims.into_iter().collect())
    }
}

//! Loading: marks are cleared, and that is committed, before anything is read.

use std::sync::Arc;

use super::{SqliteStore, job::ended, ops, store::answer};
use crate::{
    Error,
    store::{Load, Loaded},
};

impl SqliteStore {
    pub(super) async fn load(&self, loads: Vec<Load>) -> Result<Vec<Loaded>, Error> {
        let loads = Arc::new(loads);
        let asked = loads.clone();
        let looks = self.read(move |tx| {
            asked
                .iter()
                .map(|load| ops::load_unmarked(tx, load))
                .collect::<Result<Vec<_>, _>>()
        });
        let looks = answer(looks).await?;
        let is_marked = |look: &ops::FirstLook| matches!(look, ops::FirstLook::Marked);
        let marked: Arc<Vec<usize>> = Arc::new(
            (0..looks.len())
                .filter(|at| is_marked(&looks[*at]))
                .collect(),
        );
        let mut again = Vec::new().into_iter();
        if !marked.is_empty() {
            let (asked, which) = (loads.clone(), marked.clone());
            answer(self.write(move |tx| {
                which
                    .iter()
                    .try_for_each(|at| ops::clear_mark(tx, &asked[*at]))
            }))
            .await?;
            let read = self.read(move |tx| {
                marked
                    .iter()
                    .map(|at| ops::load_marked(tx, &loads[*at]))
                    .collect::<Result<Vec<_>, _>>()
            });
            again = answer(read).await?.into_iter();
        }
        let loaded = looks.into_iter().map(|look| match look {
            ops::FirstLook::Loaded(loaded) => Some(loaded),
            ops::FirstLook::Marked => again.next(),
        });
        loaded.collect::<Option<_>>().ok_or_else(ended)
    }
}

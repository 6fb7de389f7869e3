//! A value of the store's and the one that stands for it in the model.

use std::collections::BTreeMap;

/// A value of the store's and the one that stands for it in the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Both<T> {
    pub(super) store: T,
    pub(super) model: T,
}

/// Numbers of the store's and those that stand for them in the model: one for each, in the same
/// order.
#[derive(Debug, Default)]
pub(super) struct Mapping(BTreeMap<u64, u64>);

impl Mapping {
    /// Adds a pair; `false` if it contradicts one that is there.
    #[must_use]
    pub(super) fn agrees(&mut self, pair: Both<u64>) -> bool {
        let Both { store, model } = pair;
        let before = self.0.range(..store).next_back();
        let after = self.0.range(store + 1..).next();
        let fits = before.is_none_or(|(_, known)| *known < model)
            && after.is_none_or(|(_, known)| model < *known);
        fits && *self.0.entry(store).or_insert(model) == model
    }

    /// The pairs, the smallest first.
    pub(super) fn pairs(&self) -> impl Iterator<Item = Both<u64>> {
        let pairs = self.0.iter();
        pairs.map(|(&store, &model)| Both { store, model })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(store: u64, model: u64) -> Both<u64> {
        Both { store, model }
    }

    #[test]
    fn a_mapping_keeps_the_order_and_maps_one_to_one() {
        let mut mapping = Mapping::default();
        for (store, model) in [(10, 1), (30, 3), (20, 2), (20, 2)] {
            assert!(mapping.agrees(pair(store, model)));
        }
        for (store, model) in [(20, 3), (25, 2), (25, 3), (40, 3), (5, 1)] {
            assert!(!mapping.agrees(pair(store, model)), "{store} {model}");
        }
        assert_eq!(mapping.pairs().count(), 3);
    }
}

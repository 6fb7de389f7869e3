//! What loads brought lately.

use std::collections::VecDeque;

use crate::delivery::Seq;

/// So many pages are remembered: a load takes about as long as an append.
const PAGES: usize = 4;

/// The last pages that loads brought, so that a delivery whose append was under way meanwhile can be told
/// from those that came from the store before its append was answered.
#[derive(Debug, Default)]
pub(super) struct Brought {
    /// Grows with each page, and whenever the store may say something else than what is in memory.
    revision: u64,
    /// Each in order; the latest is the last.
    pages: VecDeque<Box<[Seq]>>,
}

impl Brought {
    pub(super) fn revision(&self) -> u64 {
        self.revision
    }

    /// A page came, with these in it.
    pub(super) fn add(&mut self, page: impl Iterator<Item = Seq>) {
        let mut page: Box<[Seq]> = page.collect();
        page.sort_unstable();
        self.revision += 1;
        if self.pages.len() == PAGES {
            self.pages.pop_front();
        }
        self.pages.push_back(page);
    }

    /// What was under way by now must come from the store.
    pub(super) fn forget(&mut self) {
        self.revision += 1;
        self.pages.clear();
    }

    /// Whether a page that came since this revision has this delivery; `None` where that is not known.
    pub(super) fn since(&self, revision: u64, seq: Seq) -> Option<bool> {
        let pages = usize::try_from(self.revision - revision).ok()?;
        let skipped = self.pages.len().checked_sub(pages)?;
        let mut since = self.pages.iter().skip(skipped);
        Some(since.any(|page| page.binary_search(&seq).is_ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brought(pages: &[&[Seq]]) -> Brought {
        let mut brought = Brought::default();
        for page in pages {
            brought.add(page.iter().copied());
        }
        brought
    }

    #[test]
    fn only_pages_since_then_count() {
        let brought = brought(&[&[1, 2], &[5, 3]]);
        assert_eq!(brought.since(0, 2), Some(true));
        assert_eq!(brought.since(1, 2), Some(false));
        assert_eq!(brought.since(1, 3), Some(true));
        assert_eq!(brought.since(2, 3), Some(false));
    }

    #[test]
    fn what_is_too_long_ago_is_not_known() {
        let pages: [&[Seq]; PAGES + 1] = [&[1], &[2], &[3], &[4], &[5]];
        let brought = brought(&pages);
        assert_eq!(brought.since(0, 1), None);
        assert_eq!(brought.since(1, 2), Some(true));
    }

    #[test]
    fn nothing_is_known_of_before_it_was_forgotten() {
        let mut brought = brought(&[&[1]]);
        brought.forget();
        brought.add([2].into_iter());
        assert_eq!(brought.since(1, 2), None);
        assert_eq!(brought.since(2, 2), Some(true));
    }
}

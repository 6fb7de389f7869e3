//! Parts of emitters that are equal, kept once: a service with 100,000 emitters has few kinds of them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::Settings;
use crate::event::EventPattern;

/// Parts of emitters that are equal, kept once.
#[derive(Default)]
pub(crate) struct Shared {
    settings: Kinds<Settings>,
    patterns: Kinds<[EventPattern]>,
}

impl Shared {
    /// The one copy of these settings.
    pub(crate) fn settings(&self, settings: Arc<Settings>) -> Arc<Settings> {
        self.settings.one(settings)
    }

    /// The one copy of these patterns.
    pub(crate) fn patterns(&self, patterns: Arc<[EventPattern]>) -> Arc<[EventPattern]> {
        self.patterns.one(patterns)
    }
}

struct Kinds<T: ?Sized>(Mutex<Vec<Weak<T>>>);

impl<T: ?Sized> Default for Kinds<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: PartialEq + ?Sized> Kinds<T> {
    fn one(&self, part: Arc<T>) -> Arc<T> {
        // More kinds than this are not worth the search.
        const MAX: usize = 64;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|weak| weak.strong_count() > 0);
        if let Some(same) = known
            .iter()
            .filter_map(Weak::upgrade)
            .find(|other| **other == *part)
        {
            return same;
        }
        if known.len() < MAX {
            known.push(Arc::downgrade(&part));
        }
        part
    }
}

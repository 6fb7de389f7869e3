//! From an event to the emitters that it reaches, without looking at the others.

use std::{
    borrow::Borrow,
    collections::{HashMap, HashSet},
    hash::{Hash, Hasher},
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::{Emitter, EmitterId};
use crate::event::{EventName, EventPattern, PatternForm, Tenant};

/// The emitters as this node knows them.
#[derive(Default)]
pub(crate) struct Registry {
    maps: RwLock<Maps>,
}

#[derive(Default)]
struct Maps {
    by_id: HashSet<ById>,
    without_tenant: Index,
    tenants: HashMap<Tenant, Index>,
}

/// An emitter that is found by its ID, which is kept once.
struct ById(Arc<Emitter>);

impl Borrow<str> for ById {
    fn borrow(&self) -> &str {
        self.0.id.as_str()
    }
}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.as_str().hash(state);
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ById {}

/// The emitters of one tenant by what they listen to.
#[derive(Default)]
struct Index {
    all: Vec<Arc<Emitter>>,
    exact: HashMap<Arc<str>, Vec<Arc<Emitter>>>,
    under: HashMap<Arc<str>, Vec<Arc<Emitter>>>,
}

impl Registry {
    pub(crate) fn get(&self, id: &str) -> Option<Arc<Emitter>> {
        Some(self.read().by_id.get(id)?.0.clone())
    }

    /// All emitters, by ID.
    pub(crate) fn all(&self) -> Vec<Arc<Emitter>> {
        let mut all: Vec<_> = {
            let maps = self.read();
            maps.by_id.iter().map(|entry| entry.0.clone()).collect()
        };
        all.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// The emitters that accept an event of this name and tenant, each once.
    pub(crate) fn matching(&self, name: &EventName, tenant: Option<&Tenant>) -> Vec<Arc<Emitter>> {
        let maps = self.read();
        let index = match tenant {
            None => &maps.without_tenant,
            Some(tenant) => match maps.tenants.get(tenant) {
                Some(index) => index,
                None => return Vec::new(),
            },
        };
        let mut found = Vec::new();
        let mut buckets = 0;
        index.visit(name, |bucket| {
            buckets += 1;
            found.extend(
                bucket
                    .iter()
                    .filter(|emitter| emitter.state.accepts_events())
                    .cloned(),
            );
        });
        if buckets > 1 {
            found.sort_unstable_by(|a: &Arc<Emitter>, b| a.id.cmp(&b.id));
            found.dedup_by(|a, b| a.id == b.id);
        }
        found
    }

    /// Puts `emitter` in the place of what has its ID.
    pub(crate) fn put(&self, emitter: Arc<Emitter>) {
        let mut maps = self.write();
        maps.remove(&emitter.id);
        maps.insert(emitter);
    }

    pub(crate) fn remove(&self, id: &EmitterId) {
        self.write().remove(id);
    }

    // A panic while the lock is held cannot leave the maps half changed in a way that matters
    // more than going on: the next refresh from the store mends them.
    fn read(&self) -> RwLockReadGuard<'_, Maps> {
        self.maps.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Maps> {
        self.maps.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Maps {
    fn insert(&mut self, emitter: Arc<Emitter>) {
        let index = match &emitter.tenant {
            None => &mut self.without_tenant,
            Some(tenant) => self.tenants.entry(tenant.clone()).or_default(),
        };
        for pattern in emitter.patterns.iter() {
            index.bucket(pattern).push(emitter.clone());
        }
        self.by_id.insert(ById(emitter));
    }

    fn remove(&mut self, id: &EmitterId) {
        let Some(ById(emitter)) = self.by_id.take(id.as_str()) else {
            return;
        };
        match &emitter.tenant {
            None => self.without_tenant.remove(&emitter),
            Some(tenant) => {
                let Some(index) = self.tenants.get_mut(tenant) else {
                    return;
                };
                index.remove(&emitter);
                if index.is_empty() {
                    self.tenants.remove(tenant);
                }
            }
        }
    }
}

impl Index {
    fn bucket(&mut self, pattern: &EventPattern) -> &mut Vec<Arc<Emitter>> {
        match pattern.form() {
            PatternForm::All => &mut self.all,
            PatternForm::Exact(name) => bucket_of(&mut self.exact, name),
            PatternForm::Under(prefix) => bucket_of(&mut self.under, prefix),
        }
    }

    /// Shows each bucket whose pattern matches: the exact one, one per dot of the name, and `*`.
    fn visit<'a>(&'a self, name: &EventName, mut show: impl FnMut(&'a [Arc<Emitter>])) {
        if !self.all.is_empty() && !name.is_operational() {
            show(&self.all);
        }
        if let Some(bucket) = self.exact.get(name.as_str()) {
            show(bucket);
        }
        if self.under.is_empty() {
            return;
        }
        for (at, _) in name.as_str().match_indices('.') {
            if let Some(bucket) = self.under.get(&name.as_str()[..at]) {
                show(bucket);
            }
        }
    }

    fn remove(&mut self, emitter: &Emitter) {
        for pattern in emitter.patterns.iter() {
            let bucket = self.bucket(pattern);
            bucket.retain(|other| other.id != emitter.id);
            if bucket.is_empty() {
                match pattern.form() {
                    PatternForm::All => {}
                    PatternForm::Exact(name) => drop(self.exact.remove(name)),
                    PatternForm::Under(prefix) => drop(self.under.remove(prefix)),
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.all.is_empty() && self.exact.is_empty() && self.under.is_empty()
    }
}

fn bucket_of<'a>(
    map: &'a mut HashMap<Arc<str>, Vec<Arc<Emitter>>>,
    key: &str,
) -> &'a mut Vec<Arc<Emitter>> {
    if !map.contains_key(key) {
        map.insert(key.into(), Vec::with_capacity(1));
    }
    map.get_mut(key).expect("the bucket was just made")
}

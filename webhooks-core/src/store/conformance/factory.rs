//! What makes the stores that are tested.

use std::{pin::Pin, sync::Arc};

use crate::store::Store;

/// What a [`StoreFactory`] returns.
pub type FactoryFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes the stores that are tested; one case has one store.
pub trait StoreFactory: Send + Sync + 'static {
    /// An empty store.
    fn fresh(&self) -> FactoryFuture<'_, Arc<dyn Store>>;

    /// Makes the time of every node run out that has been renewed on this store, where the store has
    /// a clock of its own for that. Does nothing by default, which is right for stores that go by
    /// `now`: that is 13 seconds later by then.
    fn lapse<'a>(&'a self, _store: &'a Arc<dyn Store>) -> FactoryFuture<'a, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl<F, R> StoreFactory for F
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output = Arc<dyn Store>> + Send + 'static,
{
    fn fresh(&self) -> FactoryFuture<'_, Arc<dyn Store>> {
        Box::pin(self())
    }
}
